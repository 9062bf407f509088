-- A shared database of schema version 8 in an SQLite file, as its program made it; the persons and parcels are invented.
BEGIN TRANSACTION;
CREATE TABLE absence (
	connection TEXT NOT NULL,
	record_type TEXT NOT NULL,
	partition TEXT NOT NULL,
	source_key TEXT NOT NULL,
	noticed_at TEXT NOT NULL, snapshot TEXT,
	PRIMARY KEY (connection, record_type, partition, source_key)
);
CREATE TABLE audit_log (
	entry INTEGER NOT NULL,
	body TEXT NOT NULL,
	hash TEXT NOT NULL,
	PRIMARY KEY (entry)
);
INSERT INTO "audit_log" VALUES(1,'{"account": "sync", "at": "2026-03-02T08:00:00.000000Z", "legal_basis": "NĐ 61/2018/NĐ-CP", "outcomes": ["delivered"], "purpose": "Công khai tiến độ", "receiver": "G22", "record_keys": ["gso-2025-07:25747:12:1"], "record_type": "land_parcel", "route": "portal", "run_id": "run"}','2351ca6f885d033a08183b09cd6da3375e7800cd8eb7792cb83887b5f8ccd7cd');
CREATE TABLE cchc_schema_version (
	version_num TEXT NOT NULL,
	PRIMARY KEY (version_num)
);
INSERT INTO "cchc_schema_version" VALUES('0008');
CREATE TABLE change (
	sequence INTEGER NOT NULL,
	record_type TEXT NOT NULL,
	record_key TEXT NOT NULL,
	order_key TEXT NOT NULL,
	operation TEXT NOT NULL,
	version INTEGER NOT NULL,
	document TEXT NOT NULL,
	connection TEXT NOT NULL,
	run_id TEXT NOT NULL,
	changed_at TEXT NOT NULL,
	valid_from TEXT,
	valid_to TEXT,
	PRIMARY KEY (sequence)
);
INSERT INTO "change" VALUES(1,'land_parcel','gso-2025-07:25747:12:1','gso-2025-07:25747:12:1','insert',1,'{"scheme":"gso-2025-07","commune_code":"25747","map_sheet":"12","parcel_number":"1","national_id":null,"previous_keys":[],"area_m2":"250.5","legal_area_m2":null,"address":null,"uses":[],"certificates":[],"holders":[],"restrictions":[],"is_encroached":null,"in_dispute":null,"geometry":null}','village','run','2026-03-02T08:00:00.000000Z',NULL,NULL);
INSERT INTO "change" VALUES(2,'construction_permit','CTCPXD-0001','CTCPXD-0001','insert',1,'{"permit_code":"CTCPXD-0001","permit_number":"604/GPXD","dossier_code":"000.00.05.H09-260302-0001","works_code":null,"name":"Nhà ở riêng lẻ","kind":"5","step":"CPXD","status":"permit_issued","investor_name":null,"investor_code":null,"address":null,"scheme":"gso-2025-01","commune_code":"25747","parcel_refs":[{"scheme":null,"commune_code":null,"map_sheet":null,"parcel_number":null,"national_id":null,"raw":"604 (tờ bản đồ số 3)"}],"measures":[{"name":"Số tầng","value":null,"unit":null,"raw":"02 tầng + mái"}],"issued_on":null,"expires_on":null,"authority":null,"land_document":null,"geometry":null}','works','run','2026-03-02T08:00:00.000000Z',NULL,NULL);
INSERT INTO "change" VALUES(3,'dossier','000.00.05.H09-260302-0001','000.00.05.H09-260302-0001','insert',1,'{"code":"000.00.05.H09-260302-0001","procedure_code":"1.013225","procedure_name":null,"field_code":null,"field_name":null,"agency_code":null,"agency_name":null,"status":2,"source_status":null,"channel":null,"applicant_name":"Nguyễn Thị Mẫu","applicant_kind":null,"applicant_id":"074187000123","applicant_phone":null,"applicant_email":null,"summary":null,"submitted_at":null,"received_at":null,"due_at":null,"processed_at":null,"returned_at":null,"return_by_post":null,"processing_unit":null}','desk','run','2026-03-02T08:00:00.000000Z',NULL,NULL);
INSERT INTO "change" VALUES(4,'dossier','000.00.05.H09-260302-0001','000.00.05.H09-260302-0001','update',2,'{"code":"000.00.05.H09-260302-0001","procedure_code":"1.013225","procedure_name":null,"field_code":null,"field_name":null,"agency_code":null,"agency_name":null,"status":4,"source_status":null,"channel":null,"applicant_name":"Nguyễn Thị Mẫu","applicant_kind":null,"applicant_id":"074187000123","applicant_phone":null,"applicant_email":null,"summary":null,"submitted_at":null,"received_at":null,"due_at":"2026-03-20T10:00:00Z","processed_at":null,"returned_at":null,"return_by_post":null,"processing_unit":null}','desk','run','2026-03-02T08:00:00.000000Z',NULL,NULL);
INSERT INTO "change" VALUES(5,'procedure','1.013225','1.013225','insert',1,'{"code":"1.013225","name":"Cấp giấy phép xây dựng nhà ở riêng lẻ","field_code":"G17-XD11","field_name":null,"levels":[],"is_public":true,"kind":null,"decision_number":null,"channels":[{"channel":2,"terms":[{"duration":"15","unit":"Ngày làm việc","raw":null,"description":null,"fees":[{"code":"LP01","amount_vnd":"75000","raw":null,"description":null}]}]}],"components":[{"code":"000.00.00.G17-KQ000001","name":"Đơn đề nghị cấp giấy phép xây dựng","case":null,"originals":1,"copies":null}],"results":[{"code":"KQ.G17.000001","name":"Giấy phép xây dựng"}],"legal_bases":[],"executing_agencies":[],"requirements":null}','catalogue','run','2026-03-02T08:00:00.000000Z',NULL,NULL);
CREATE TABLE circuit_breaker (
	connection TEXT NOT NULL,
	failures INTEGER NOT NULL,
	opened_at TEXT NOT NULL,
	retry_at TEXT NOT NULL,
	PRIMARY KEY (connection)
);
INSERT INTO "circuit_breaker" VALUES('portal',3,'2026-03-02T08:00:00.000000Z','2026-03-02T08:01:00.000000Z');
CREATE TABLE claim (
	record_type TEXT NOT NULL,
	connection TEXT NOT NULL,
	source_key TEXT NOT NULL,
	agency TEXT NOT NULL,
	partition TEXT NOT NULL,
	record_key TEXT NOT NULL,
	item_hash BLOB NOT NULL,
	source_time TEXT,
	document TEXT NOT NULL,
	PRIMARY KEY (record_type, connection, source_key)
);
INSERT INTO "claim" VALUES('land_parcel','city','p1','H09.1','','gso-2025-07:25747:12:1',X'BA82D86EEE8A75A25DEFADEC5F91B63F','2026-03-02T08:00:00.000000Z','{"scheme":"gso-2025-07","commune_code":"25747","map_sheet":"12","parcel_number":"1","national_id":null,"previous_keys":[],"area_m2":"260","legal_area_m2":null,"address":null,"uses":[],"certificates":[],"holders":[],"restrictions":[],"is_encroached":null,"in_dispute":null,"geometry":null}');
CREATE TABLE construction_permit (
	record_key TEXT NOT NULL,
	permit_code TEXT,
	permit_number TEXT,
	dossier_code TEXT,
	works_code TEXT,
	name TEXT,
	kind TEXT,
	step TEXT,
	status TEXT,
	investor_name TEXT,
	investor_code TEXT,
	address TEXT,
	scheme TEXT,
	commune_code TEXT,
	parcel_refs TEXT,
	measures TEXT,
	issued_on TEXT,
	expires_on TEXT,
	authority TEXT,
	land_document TEXT,
	geometry TEXT,
	connection TEXT,
	agency TEXT,
	partition TEXT,
	source_key TEXT,
	source_time TEXT,
	run_id TEXT,
	item_hash BLOB,
	version INTEGER,
	sequence INTEGER,
	deleted_at TEXT,
	notes TEXT,
	PRIMARY KEY (record_key)
);
INSERT INTO "construction_permit" VALUES('CTCPXD-0001','CTCPXD-0001','604/GPXD','000.00.05.H09-260302-0001',NULL,'Nhà ở riêng lẻ','5','CPXD','permit_issued',NULL,NULL,NULL,'gso-2025-01','25747','[{"scheme":null,"commune_code":null,"map_sheet":null,"parcel_number":null,"national_id":null,"raw":"604 (tờ bản đồ số 3)"}]','[{"name":"Số tầng","value":null,"unit":null,"raw":"02 tầng + mái"}]',NULL,NULL,NULL,NULL,NULL,'works','H09.1','','000.00.05.H09-260302-0001',NULL,'run',X'7CD32EDEB916E8FFED0809DDFFF952C9',1,2,NULL,NULL);
CREATE TABLE construction_works (
	record_key TEXT NOT NULL,
	works_code TEXT,
	name TEXT,
	status TEXT,
	grade TEXT,
	kind TEXT,
	scheme TEXT,
	commune_code TEXT,
	address TEXT,
	parcel_refs TEXT,
	measures TEXT,
	started_on TEXT,
	completed_on TEXT,
	geometry TEXT,
	connection TEXT,
	agency TEXT,
	partition TEXT,
	source_key TEXT,
	source_time TEXT,
	run_id TEXT,
	item_hash BLOB,
	version INTEGER,
	sequence INTEGER,
	deleted_at TEXT,
	notes TEXT,
	PRIMARY KEY (record_key)
);
CREATE TABLE cursor (
	connection TEXT NOT NULL,
	record_type TEXT NOT NULL,
	partition TEXT NOT NULL,
	watermark TEXT,
	pass_since TEXT,
	page_token TEXT,
	checkpoint TEXT,
	translation_key TEXT,
	held_code TEXT,
	held_context TEXT,
	held_since TEXT,
	completed_at TEXT, pass_shown INTEGER, incomplete_code TEXT, incomplete_context TEXT, incomplete_since TEXT, shrink_accepted_at TEXT,
	PRIMARY KEY (connection, record_type, partition)
);
INSERT INTO "cursor" VALUES('village','land_parcel','','2026-03-02T08:00:00.000000Z',NULL,NULL,NULL,'1.1d79038a9',NULL,NULL,NULL,'2026-03-02T08:00:00.000000Z',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "cursor" VALUES('city','land_parcel','','2026-03-02T08:00:00.000000Z',NULL,NULL,NULL,'1.1d79038a9',NULL,NULL,NULL,'2026-03-02T08:00:00.000000Z',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "cursor" VALUES('works','construction_permit','',NULL,NULL,NULL,NULL,'1.1',NULL,NULL,NULL,'2026-03-02T08:00:00.000000Z',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "cursor" VALUES('town','land_parcel','25747','2026-03-02T08:00:00.000000Z','2026-03-02T07:50:00.000000Z','3','2026-03-02T07:59:00.000000Z','1.1','transport.maintenance','{"connection": "town"}','2026-03-02T08:00:00.000000Z','2026-03-02T08:00:00.000000Z',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "cursor" VALUES('ward','land_parcel','','2026-03-02T08:00:00.000000Z',NULL,NULL,NULL,'1.1','transport.no_response','{"connection": "ward", "method": "GET", "path": "/parcels", "status": "None", "verdict": "None", "attempt": "4", "request_id": "7b1d"}','2026-03-02T08:30:00.000000Z','2026-03-02T08:00:00.000000Z',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "cursor" VALUES('desk','dossier','',NULL,NULL,NULL,NULL,'1.1.3',NULL,NULL,NULL,'2026-03-02T08:00:00.000000Z',0,NULL,NULL,NULL,NULL);
INSERT INTO "cursor" VALUES('catalogue','procedure','',NULL,NULL,NULL,NULL,'1.1.3',NULL,NULL,NULL,'2026-03-02T08:00:00.000000Z',0,NULL,NULL,NULL,NULL);
CREATE TABLE delivery (
	route TEXT NOT NULL,
	sequence INTEGER NOT NULL,
	record_type TEXT NOT NULL,
	record_key TEXT NOT NULL,
	order_key TEXT NOT NULL,
	state TEXT NOT NULL,
	attempts INTEGER NOT NULL,
	next_attempt_at TEXT,
	reason TEXT NOT NULL,
	finished_at TEXT,
	shortened_fields TEXT, idempotency_key TEXT, kind TEXT DEFAULT 'record' NOT NULL,
	PRIMARY KEY (route, sequence)
);
INSERT INTO "delivery" VALUES('portal',1,'land_parcel','gso-2025-07:25747:12:1','gso-2025-07:25747:12:1','delivered',1,NULL,'0','2026-03-02T08:00:00.000000Z','address',NULL,'record');
INSERT INTO "delivery" VALUES('works',1,'land_parcel','gso-2025-07:25747:12:1','gso-2025-07:25747:12:1','waiting',2,'2026-03-02T08:01:00.000000Z','outage',NULL,NULL,'52f8a4f592090774ae563e568f6a0be9','record');
INSERT INTO "delivery" VALUES('office',1,'land_parcel','gso-2025-07:25747:12:1','gso-2025-07:25747:12:1','dead',10,NULL,'transport.response_unexpected','2026-03-02T08:30:00.000000Z',NULL,'1a704df1814a348b8ba2898d01d414c5','record');
CREATE TABLE discrepancy (
	id INTEGER NOT NULL,
	record_type TEXT NOT NULL,
	record_key TEXT NOT NULL,
	field TEXT NOT NULL,
	connection TEXT NOT NULL,
	value TEXT,
	owner_value TEXT,
	owner TEXT NOT NULL,
	detected_at TEXT NOT NULL,
	state TEXT NOT NULL,
	note TEXT,
	resolved_at TEXT,
	PRIMARY KEY (id),
	CONSTRAINT discrepancy_of_field UNIQUE (record_type, record_key, field, connection)
);
INSERT INTO "discrepancy" VALUES(1,'land_parcel','gso-2025-07:25747:12:1','area_m2','city','"260"','"250.5"','village','2026-03-02T08:00:00.000000Z','open',NULL,NULL);
CREATE TABLE dossier (
	record_key TEXT NOT NULL,
	code TEXT,
	procedure_code TEXT,
	procedure_name TEXT,
	field_code TEXT,
	field_name TEXT,
	agency_code TEXT,
	agency_name TEXT,
	status INTEGER,
	source_status TEXT,
	channel INTEGER,
	applicant_name TEXT,
	applicant_kind INTEGER,
	applicant_id TEXT,
	applicant_phone TEXT,
	applicant_email TEXT,
	summary TEXT,
	submitted_at TEXT,
	received_at TEXT,
	due_at TEXT,
	processed_at TEXT,
	returned_at TEXT,
	return_by_post BOOLEAN,
	processing_unit TEXT,
	connection TEXT,
	agency TEXT,
	partition TEXT,
	source_key TEXT,
	source_time TEXT,
	run_id TEXT,
	item_hash BLOB,
	version INTEGER,
	sequence INTEGER,
	deleted_at TEXT,
	notes TEXT,
	PRIMARY KEY (record_key)
);
INSERT INTO "dossier" VALUES('000.00.05.H09-260302-0001','000.00.05.H09-260302-0001','1.013225',NULL,NULL,NULL,NULL,NULL,4,NULL,NULL,'Nguyễn Thị Mẫu',NULL,'074187000123',NULL,NULL,NULL,NULL,NULL,'2026-03-20T10:00:00Z',NULL,NULL,NULL,NULL,'desk','H09.1','','000.00.05.H09-260302-0001',NULL,'run',X'52631DB3ED003709618FEF242D0611A6',2,4,NULL,NULL);
CREATE TABLE dossier_step (
	record_key TEXT NOT NULL,
	dossier_code TEXT,
	at TEXT,
	action TEXT,
	action_code TEXT,
	status INTEGER,
	handler_name TEXT,
	handler_title TEXT,
	department TEXT,
	started_at TEXT,
	due_at TEXT,
	note TEXT,
	connection TEXT,
	agency TEXT,
	partition TEXT,
	source_key TEXT,
	source_time TEXT,
	run_id TEXT,
	item_hash BLOB,
	version INTEGER,
	sequence INTEGER,
	deleted_at TEXT,
	notes TEXT,
	PRIMARY KEY (record_key)
);
CREATE TABLE drift (
	connection TEXT NOT NULL, 
	record_type TEXT NOT NULL, 
	property TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	affected INTEGER NOT NULL, 
	items INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	run_id TEXT NOT NULL, 
	detected_at TEXT NOT NULL, 
	because TEXT, 
	accepted_at TEXT, 
	PRIMARY KEY (connection, record_type, property, kind)
);
CREATE TABLE land_change (
	record_key TEXT NOT NULL,
	change_id TEXT,
	kind TEXT,
	happened_at TEXT,
	from_parcels TEXT,
	to_parcels TEXT,
	dossier_code TEXT,
	content TEXT,
	authority TEXT,
	connection TEXT,
	agency TEXT,
	partition TEXT,
	source_key TEXT,
	source_time TEXT,
	run_id TEXT,
	item_hash BLOB,
	version INTEGER,
	sequence INTEGER,
	deleted_at TEXT,
	notes TEXT,
	PRIMARY KEY (record_key)
);
CREATE TABLE land_parcel (
	record_key TEXT NOT NULL,
	scheme TEXT,
	commune_code TEXT,
	map_sheet TEXT,
	parcel_number TEXT,
	national_id TEXT,
	previous_keys TEXT,
	area_m2 NUMERIC,
	legal_area_m2 NUMERIC,
	address TEXT,
	uses TEXT,
	certificates TEXT,
	holders TEXT,
	restrictions TEXT,
	is_encroached BOOLEAN,
	in_dispute BOOLEAN,
	geometry TEXT,
	connection TEXT,
	agency TEXT,
	partition TEXT,
	source_key TEXT,
	source_time TEXT,
	run_id TEXT,
	item_hash BLOB,
	version INTEGER,
	sequence INTEGER,
	deleted_at TEXT,
	notes TEXT,
	PRIMARY KEY (record_key)
);
INSERT INTO "land_parcel" VALUES('gso-2025-07:25747:12:1','gso-2025-07','25747','12','1',NULL,'[]',250.5,NULL,NULL,'[]','[]','[]','[]',NULL,NULL,NULL,'village','H09.1','','p1','2026-03-02T08:00:00.000000Z','run',X'D510D4BD0EEC26E2BBA8EF466FB73638',1,1,NULL,NULL);
CREATE TABLE lease (
	name TEXT NOT NULL,
	holder TEXT NOT NULL,
	token INTEGER NOT NULL,
	expires_at TEXT NOT NULL, clock TEXT, expires_s FLOAT, first_look TEXT,
	PRIMARY KEY (name)
);
INSERT INTO "lease" VALUES('sync','host:1',7,'2026-03-02T08:00:00.000000Z',NULL,NULL,NULL);
CREATE TABLE maintenance (
	name TEXT NOT NULL,
	done_at TEXT NOT NULL,
	sequence INTEGER NOT NULL,
	instant TEXT, value TEXT,
	PRIMARY KEY (name)
);
INSERT INTO "maintenance" VALUES('purge','2026-03-02T08:00:00.000000Z',0,NULL,NULL);
CREATE TABLE procedure (
	record_key TEXT NOT NULL,
	code TEXT,
	name TEXT,
	field_code TEXT,
	field_name TEXT,
	levels TEXT,
	is_public BOOLEAN,
	kind TEXT,
	decision_number TEXT,
	channels TEXT,
	components TEXT,
	results TEXT,
	legal_bases TEXT,
	executing_agencies TEXT,
	requirements TEXT,
	connection TEXT,
	agency TEXT,
	partition TEXT,
	source_key TEXT,
	source_time TEXT,
	run_id TEXT,
	item_hash BLOB,
	version INTEGER,
	sequence INTEGER,
	deleted_at TEXT,
	notes TEXT,
	PRIMARY KEY (record_key)
);
INSERT INTO "procedure" VALUES('1.013225','1.013225','Cấp giấy phép xây dựng nhà ở riêng lẻ','G17-XD11',NULL,'[]',1,NULL,NULL,'[{"channel":2,"terms":[{"duration":"15","unit":"Ngày làm việc","raw":null,"description":null,"fees":[{"code":"LP01","amount_vnd":"75000","raw":null,"description":null}]}]}]','[{"code":"000.00.00.G17-KQ000001","name":"Đơn đề nghị cấp giấy phép xây dựng","case":null,"originals":1,"copies":null}]','[{"code":"KQ.G17.000001","name":"Giấy phép xây dựng"}]','[]','[]',NULL,'catalogue','H09.1','','1.013225',NULL,'run',X'7E25365AD20E94754CB5D68A5B369DFC',1,5,NULL,NULL);
CREATE TABLE quarantine (
	id INTEGER NOT NULL,
	connection TEXT NOT NULL,
	record_type TEXT NOT NULL,
	partition TEXT NOT NULL,
	source_key TEXT NOT NULL,
	item TEXT,
	item_hash BLOB NOT NULL,
	faults TEXT NOT NULL,
	run_id TEXT NOT NULL,
	first_seen TEXT NOT NULL,
	resolved_at TEXT, source_time TEXT,
	PRIMARY KEY (id)
);
INSERT INTO "quarantine" VALUES(1,'village','land_parcel','','p3','{"id": "p3", "sheet": "12", "number": "3", "area": "?", "at": "2026-03-02T08:00:00+00:00"}',X'1D2502298D020985414D2868922BE3EA','[["area_m2", "number_unreadable"]]','run','2026-03-02T08:00:00.000000Z',NULL,NULL);
INSERT INTO "quarantine" VALUES(2,'desk','dossier','','000.00.05.H09-260302-0001#832ac05a3289e0382534daf6f30e975e',NULL,X'832AC05A3289E0382534DAF6F30E975E','[["", "key_twice"]]','run','2026-03-02T08:00:00.000000Z','2026-03-02T08:00:00.000000Z',NULL);
CREATE TABLE rate_limit (
	connection TEXT NOT NULL,
	next_free_at TEXT NOT NULL,
	PRIMARY KEY (connection)
);
INSERT INTO "rate_limit" VALUES('portal','2026-03-02T08:00:00.052500Z');
CREATE TABLE record_lineage (
	record_type TEXT NOT NULL,
	old_key TEXT NOT NULL,
	new_key TEXT NOT NULL,
	kind TEXT NOT NULL,
	happened_at TEXT,
	evidence TEXT NOT NULL,
	recorded_at TEXT NOT NULL,
	PRIMARY KEY (record_type, old_key, new_key)
);
INSERT INTO "record_lineage" VALUES('land_parcel','gso-2025-07:25747:12:91','gso-2025-07:25747:12:1','renumbered','2026-02-27T17:00:00.000000Z','connection village','2026-03-02T08:00:00.000000Z');
CREATE TABLE record_link (
	record_type TEXT NOT NULL,
	record_key TEXT NOT NULL,
	target_type TEXT NOT NULL,
	target_key TEXT NOT NULL,
	PRIMARY KEY (record_type, record_key, target_type, target_key)
);
INSERT INTO "record_link" VALUES('construction_permit','CTCPXD-0001','dossier','000.00.05.H09-260302-0001');
CREATE TABLE route (
	name TEXT NOT NULL,
	last_sequence INTEGER NOT NULL,
	held_code TEXT,
	held_context TEXT, receiver TEXT, record_types TEXT,
	PRIMARY KEY (name)
);
INSERT INTO "route" VALUES('portal',1,NULL,NULL,NULL,NULL);
INSERT INTO "route" VALUES('works',0,'transport.auth_refused','{"connection": "works"}',NULL,NULL);
INSERT INTO "route" VALUES('office',1,'signature.mismatch','{"connection": "office"}',NULL,NULL);
CREATE TABLE run (
	run_id TEXT NOT NULL,
	started_at TEXT NOT NULL,
	finished_at TEXT,
	outcome TEXT,
	report TEXT,
	last_audit_entry INTEGER,
	PRIMARY KEY (run_id)
);
INSERT INTO "run" VALUES('run','2026-03-02T08:00:00.000000Z','2026-03-02T08:00:00.000000Z','done','{"run_id": "run", "outcome": "done", "dry_run": false, "started_at": "2026-03-02T08:00:00.000000Z", "finished_at": "2026-03-02T08:00:00.000000Z", "seconds": 0.5, "rows_written": 0, "messages_delivered": 0, "lines": [{"kind": "pull", "name": "town", "record_type": "land_parcel", "partition": "25747", "outcome": "done", "reason": null, "seconds": 0.0, "cursor_before": {"watermark": null, "page_token": null}, "cursor_after": {"watermark": "2026-03-02T08:00:00.000000Z", "page_token": "3"}, "fetched": 0, "unchanged": 0, "inserted": 0, "updated": 0, "quarantined": 0, "foreign": 0, "deleted": 0, "resolved": 0, "delivered": 0, "refused": 0, "waiting": 0, "shortened": 0, "held": 0, "pages": 0, "requests": 0, "bytes_received": 0}]}',1);
INSERT INTO "run" VALUES('killed','2026-03-02T09:00:00.000000Z',NULL,NULL,NULL,NULL);
INSERT INTO "run" VALUES('refused','2026-03-02T08:30:00.000000Z','2026-03-02T08:30:00.000000Z','failed','{"run_id": "refused", "outcome": "failed", "dry_run": false, "started_at": "2026-03-02T08:30:00.000000Z", "finished_at": "2026-03-02T08:30:00.000000Z", "seconds": 0.5, "rows_written": 0, "messages_delivered": 0, "lines": [{"kind": "pull", "name": "hamlet", "record_type": "land_parcel", "partition": "", "outcome": "held", "reason": {"code": "source.page_token_unusable", "context": {"connection": "hamlet", "record_type": "land_parcel"}}, "seconds": 0.0, "cursor_before": {"watermark": null, "page_token": null}, "cursor_after": {"watermark": null, "page_token": null}, "fetched": 0, "unchanged": 0, "inserted": 0, "updated": 0, "quarantined": 0, "foreign": 0, "deleted": 0, "resolved": 0, "delivered": 0, "refused": 0, "waiting": 0, "shortened": 0, "held": 0, "pages": 0, "requests": 0, "bytes_received": 0}, {"kind": "pull", "name": "ward", "record_type": "land_parcel", "partition": "", "outcome": "failed", "reason": {"code": "transport.no_response", "context": {"connection": "ward", "method": "GET", "path": "/parcels", "status": "None", "verdict": "None", "attempt": "4", "request_id": "7b1d"}}, "seconds": 0.0, "cursor_before": {"watermark": null, "page_token": null}, "cursor_after": {"watermark": null, "page_token": null}, "fetched": 0, "unchanged": 0, "inserted": 0, "updated": 0, "quarantined": 0, "foreign": 0, "deleted": 0, "resolved": 0, "delivered": 0, "refused": 0, "waiting": 0, "shortened": 0, "held": 0, "pages": 0, "requests": 0, "bytes_received": 0}, {"kind": "push", "name": "office", "record_type": "land_parcel", "partition": "", "outcome": "failed", "reason": {"code": "circuit_breaker.open", "context": {"connection": "office", "failures": "3", "until": "2026-03-02T09:00:00.000000Z"}}, "seconds": 0.0, "cursor_before": null, "cursor_after": null, "fetched": 0, "unchanged": 0, "inserted": 0, "updated": 0, "quarantined": 0, "foreign": 0, "deleted": 0, "resolved": 0, "delivered": 0, "refused": 0, "waiting": 0, "shortened": 0, "held": 0, "pages": 0, "requests": 0, "bytes_received": 0}]}',1);
CREATE TABLE run_counter (
	run_id TEXT NOT NULL,
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	record_type TEXT NOT NULL,
	partition TEXT NOT NULL,
	counts TEXT NOT NULL,
	PRIMARY KEY (run_id, kind, name, record_type, partition)
);
INSERT INTO "run_counter" VALUES('run','pull','village','land_parcel','','{"fetched": 2, "unchanged": 0, "inserted": 1, "updated": 0, "quarantined": 1, "foreign": 0, "deleted": 0, "resolved": 0, "delivered": 0, "refused": 0, "waiting": 0, "shortened": 0, "held": 0, "pages": 1, "requests": 0, "bytes_received": 0}');
INSERT INTO "run_counter" VALUES('run','pull','city','land_parcel','','{"fetched": 1, "unchanged": 0, "inserted": 0, "updated": 0, "quarantined": 0, "foreign": 1, "deleted": 0, "resolved": 0, "delivered": 0, "refused": 0, "waiting": 0, "shortened": 0, "held": 0, "pages": 1, "requests": 0, "bytes_received": 0}');
INSERT INTO "run_counter" VALUES('run','pull','works','construction_permit','','{"fetched": 1, "unchanged": 0, "inserted": 1, "updated": 0, "quarantined": 0, "foreign": 0, "deleted": 0, "resolved": 0, "delivered": 0, "refused": 0, "waiting": 0, "shortened": 0, "held": 0, "pages": 1, "requests": 0, "bytes_received": 0}');
INSERT INTO "run_counter" VALUES('run','push','portal','land_parcel','','{"delivered": 1}');
INSERT INTO "run_counter" VALUES('run','pull','desk','dossier','','{"fetched": 1, "unchanged": 0, "inserted": 0, "updated": 1, "quarantined": 0, "foreign": 0, "drafts": 0, "outdated": 0, "deleted": 0, "resolved": 0, "delivered": 0, "refused": 0, "withdrawn": 0, "not_withdrawn": 0, "initial": 0, "dropped": 0, "waiting": 0, "shortened": 0, "held": 0, "absent": 0, "went_back": 0, "unlisted": 0, "times_ahead": 0, "times_ahead_s": 0, "noted": {}, "expected": {}, "times_unreadable": 0, "pages": 1, "requests": 0, "bytes_received": 0}');
INSERT INTO "run_counter" VALUES('run','pull','catalogue','procedure','','{"fetched": 1, "unchanged": 0, "inserted": 1, "updated": 0, "quarantined": 0, "foreign": 0, "drafts": 0, "outdated": 0, "deleted": 0, "resolved": 0, "delivered": 0, "refused": 0, "withdrawn": 0, "not_withdrawn": 0, "initial": 0, "dropped": 0, "waiting": 0, "shortened": 0, "held": 0, "absent": 0, "went_back": 0, "unlisted": 0, "times_ahead": 0, "times_ahead_s": 0, "noted": {}, "expected": {}, "times_unreadable": 0, "pages": 1, "requests": 0, "bytes_received": 0}');
CREATE TABLE source_property (
	connection TEXT NOT NULL, 
	record_type TEXT NOT NULL, 
	property TEXT NOT NULL, 
	items INTEGER NOT NULL, 
	present INTEGER NOT NULL, 
	filled INTEGER NOT NULL, 
	kinds TEXT NOT NULL, 
	words TEXT NOT NULL, 
	is_read INTEGER NOT NULL, 
	first_seen TEXT, 
	last_seen TEXT, 
	PRIMARY KEY (connection, record_type, property)
);
INSERT INTO "source_property" VALUES('desk','dossier','applicant_id',2,2,2,'{"text": 2}','{}',0,'2026-03-02T08:00:00.000000Z','2026-03-02T08:00:00.000000Z');
INSERT INTO "source_property" VALUES('desk','dossier','applicant_name',2,2,2,'{"text": 2}','{}',0,'2026-03-02T08:00:00.000000Z','2026-03-02T08:00:00.000000Z');
INSERT INTO "source_property" VALUES('desk','dossier','code',2,2,2,'{"text": 2}','{}',0,'2026-03-02T08:00:00.000000Z','2026-03-02T08:00:00.000000Z');
INSERT INTO "source_property" VALUES('desk','dossier','procedure_code',2,2,2,'{"text": 2}','{}',0,'2026-03-02T08:00:00.000000Z','2026-03-02T08:00:00.000000Z');
INSERT INTO "source_property" VALUES('desk','dossier','status',2,2,2,'{"number": 2}','{}',0,'2026-03-02T08:00:00.000000Z','2026-03-02T08:00:00.000000Z');
INSERT INTO "source_property" VALUES('desk','dossier','due_at',1,1,1,'{"text": 1}','{}',0,'2026-03-02T08:00:00.000000Z','2026-03-02T08:00:00.000000Z');
INSERT INTO "source_property" VALUES('catalogue','procedure','channels',1,1,1,'{"list": 1}','{}',0,'2026-03-02T08:00:00.000000Z','2026-03-02T08:00:00.000000Z');
INSERT INTO "source_property" VALUES('catalogue','procedure','code',1,1,1,'{"text": 1}','{}',0,'2026-03-02T08:00:00.000000Z','2026-03-02T08:00:00.000000Z');
INSERT INTO "source_property" VALUES('catalogue','procedure','components',1,1,1,'{"list": 1}','{}',0,'2026-03-02T08:00:00.000000Z','2026-03-02T08:00:00.000000Z');
INSERT INTO "source_property" VALUES('catalogue','procedure','field_code',1,1,1,'{"text": 1}','{}',0,'2026-03-02T08:00:00.000000Z','2026-03-02T08:00:00.000000Z');
INSERT INTO "source_property" VALUES('catalogue','procedure','is_public',1,1,1,'{"flag": 1}','{}',0,'2026-03-02T08:00:00.000000Z','2026-03-02T08:00:00.000000Z');
INSERT INTO "source_property" VALUES('catalogue','procedure','name',1,1,1,'{"text": 1}','{}',0,'2026-03-02T08:00:00.000000Z','2026-03-02T08:00:00.000000Z');
INSERT INTO "source_property" VALUES('catalogue','procedure','results',1,1,1,'{"list": 1}','{}',0,'2026-03-02T08:00:00.000000Z','2026-03-02T08:00:00.000000Z');
CREATE INDEX change_of_record ON change (record_type, record_key, sequence);
CREATE INDEX quarantine_open ON quarantine (connection, record_type, source_key);
CREATE INDEX claim_of_record ON claim (record_type, record_key);
CREATE INDEX claim_item ON claim (record_type, connection, item_hash);
CREATE INDEX record_link_target ON record_link (target_type, target_key);
CREATE INDEX record_lineage_new_key ON record_lineage (record_type, new_key);
CREATE INDEX delivery_in_order ON delivery (route, order_key, state, sequence);
CREATE INDEX delivery_of_record ON delivery (route, record_key, state, record_type);
CREATE INDEX delivery_open ON delivery (route, state, sequence);
CREATE INDEX land_parcel_item ON land_parcel (connection, item_hash, source_key, source_time, partition) WHERE deleted_at IS NULL;
CREATE INDEX land_parcel_source ON land_parcel (connection, source_key);
CREATE INDEX land_change_item ON land_change (connection, item_hash, source_key, source_time, partition) WHERE deleted_at IS NULL;
CREATE INDEX land_change_source ON land_change (connection, source_key);
CREATE INDEX construction_permit_source ON construction_permit (connection, source_key);
CREATE INDEX construction_permit_item ON construction_permit (connection, item_hash, source_key, source_time, partition) WHERE deleted_at IS NULL;
CREATE INDEX construction_works_item ON construction_works (connection, item_hash, source_key, source_time, partition) WHERE deleted_at IS NULL;
CREATE INDEX construction_works_source ON construction_works (connection, source_key);
CREATE INDEX procedure_source ON procedure (connection, source_key);
CREATE INDEX procedure_item ON procedure (connection, item_hash, source_key, source_time, partition) WHERE deleted_at IS NULL;
CREATE INDEX dossier_item ON dossier (connection, item_hash, source_key, source_time, partition) WHERE deleted_at IS NULL;
CREATE INDEX dossier_source ON dossier (connection, source_key);
CREATE INDEX dossier_step_source ON dossier_step (connection, source_key);
CREATE INDEX dossier_step_item ON dossier_step (connection, item_hash, source_key, source_time, partition) WHERE deleted_at IS NULL;
COMMIT;
PRAGMA user_version = 8;
PRAGMA application_id = 1667459171;
