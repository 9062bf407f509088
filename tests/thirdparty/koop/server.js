// An unmodified Koop that serves the GeoJSON files of its working directory as layers; it prints its port.
const Koop = require("@koopjs/koop-core");
const provider = require("@koopjs/provider-file-geojson");

const koop = new Koop({ logLevel: "error" });
koop.register(provider, { dataDir: "." });
const listener = koop.server.listen(0, "127.0.0.1", () => console.log(listener.address().port));
process.stdin.on("end", () => process.exit()).resume();
