// An unmodified SOAP server (npm `soap`) over the dossiers of a JSON file in its working directory; it prints its port.
// `node server.js WSDL [PASSWORD]`
const fs = require("fs");
const http = require("http");
const soap = require("soap");

const [wsdl, password] = process.argv.slice(2);
const dossiers = () => JSON.parse(fs.readFileSync("ho_so.json", "utf8"));

function LayDanhSach({ coQuan, trang, soDong, tuNgay }) {
  if (coQuan !== "H09") return { maLoi: 7, thongBao: "Cơ quan không có" };
  const since = tuNgay === undefined ? 0 : new Date(tuNgay).getTime();
  const listed = dossiers().filter((dossier) => new Date(dossier.ngaySua).getTime() >= since);
  const first = (trang - 1) * soDong;
  return { maLoi: 0, tongSo: listed.length, danhSach: { hoSo: listed.slice(first, first + soDong) } };
}

function CapNhatTrangThai({ soHoSo, trangThai }) {
  const all = dossiers();
  const dossier = all.find((candidate) => candidate.soHoSo === soHoSo);
  if (dossier === undefined) {
    throw { Fault: { faultcode: "Client.KHONG_CO", faultstring: "Không có hồ sơ", statusCode: 500 } };
  }
  if (dossier.trangThai === trangThai) return { maLoi: 1, thongBao: "Trạng thái đã có" };
  dossier.trangThai = trangThai;
  fs.writeFileSync("ho_so.json", JSON.stringify(all));
  return { maLoi: 0 };
}

const server = http.createServer((_, response) => response.writeHead(404).end());
server.listen(0, "127.0.0.1", () => {
  const service = { HoSoService: { Soap: { LayDanhSach, CapNhatTrangThai } } };
  const listener = soap.listen(server, "/HoSo.asmx", service, fs.readFileSync(wsdl, "utf8"));
  if (password) {
    listener.authenticate = (security) => {
      const token = security && security.UsernameToken;
      return Boolean(token) && (token.Password.$value || token.Password) === password;
    };
  }
  console.log(server.address().port);
});
process.stdin.on("end", () => process.exit()).resume();
