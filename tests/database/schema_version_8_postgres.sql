-- A shared database of schema version 8 in a PostgreSQL database, as its program made it; the persons and parcels are invented.
CREATE TABLE absence (
    connection text NOT NULL,
    record_type text NOT NULL,
    partition text NOT NULL,
    source_key text NOT NULL,
    noticed_at text NOT NULL,
    snapshot text
);
CREATE TABLE audit_log (
    entry bigint NOT NULL,
    body text NOT NULL,
    hash text NOT NULL
);
CREATE TABLE cchc_schema_version (
    version_num text NOT NULL
);
CREATE VIEW cchc_structure AS
 SELECT version_num
   FROM cchc_schema_version;
CREATE TABLE change (
    sequence bigint NOT NULL,
    record_type text NOT NULL,
    record_key text NOT NULL,
    order_key text NOT NULL,
    operation text NOT NULL,
    version bigint NOT NULL,
    document text NOT NULL,
    connection text NOT NULL,
    run_id text NOT NULL,
    changed_at text NOT NULL,
    valid_from text,
    valid_to text
);
CREATE TABLE circuit_breaker (
    connection text NOT NULL,
    failures bigint NOT NULL,
    opened_at text NOT NULL,
    retry_at text NOT NULL
);
CREATE TABLE claim (
    record_type text NOT NULL,
    connection text NOT NULL,
    source_key text NOT NULL,
    agency text NOT NULL,
    partition text NOT NULL,
    record_key text NOT NULL,
    item_hash bytea NOT NULL,
    source_time text,
    document text NOT NULL
);
CREATE TABLE construction_permit (
    record_key text NOT NULL,
    permit_code text,
    permit_number text,
    dossier_code text,
    works_code text,
    name text,
    kind text,
    step text,
    status text,
    investor_name text,
    investor_code text,
    address text,
    scheme text,
    commune_code text,
    parcel_refs json,
    measures json,
    issued_on text,
    expires_on text,
    authority text,
    land_document json,
    geometry json,
    connection text,
    agency text,
    partition text,
    source_key text,
    source_time text,
    run_id text,
    item_hash bytea,
    version integer,
    sequence bigint,
    deleted_at text,
    notes text
);
CREATE TABLE construction_works (
    record_key text NOT NULL,
    works_code text,
    name text,
    status text,
    grade text,
    kind text,
    scheme text,
    commune_code text,
    address text,
    parcel_refs json,
    measures json,
    started_on text,
    completed_on text,
    geometry json,
    connection text,
    agency text,
    partition text,
    source_key text,
    source_time text,
    run_id text,
    item_hash bytea,
    version integer,
    sequence bigint,
    deleted_at text,
    notes text
);
CREATE TABLE cursor (
    connection text NOT NULL,
    record_type text NOT NULL,
    partition text NOT NULL,
    watermark text,
    pass_since text,
    page_token text,
    checkpoint text,
    translation_key text,
    held_code text,
    held_context text,
    held_since text,
    completed_at text,
    pass_shown bigint,
    incomplete_code text,
    incomplete_context text,
    incomplete_since text,
    shrink_accepted_at text
);
CREATE TABLE delivery (
    route text NOT NULL,
    sequence bigint NOT NULL,
    record_type text NOT NULL,
    record_key text NOT NULL,
    order_key text NOT NULL,
    state text NOT NULL,
    attempts bigint NOT NULL,
    next_attempt_at text,
    reason text NOT NULL,
    finished_at text,
    shortened_fields text,
    idempotency_key text,
    kind text DEFAULT 'record'::text NOT NULL
);
CREATE TABLE discrepancy (
    id bigint NOT NULL,
    record_type text NOT NULL,
    record_key text NOT NULL,
    field text NOT NULL,
    connection text NOT NULL,
    value text,
    owner_value text,
    owner text NOT NULL,
    detected_at text NOT NULL,
    state text NOT NULL,
    note text,
    resolved_at text
);
CREATE SEQUENCE discrepancy_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE discrepancy_id_seq OWNED BY discrepancy.id;
CREATE TABLE dossier (
    record_key text NOT NULL,
    code text,
    procedure_code text,
    procedure_name text,
    field_code text,
    field_name text,
    agency_code text,
    agency_name text,
    status integer,
    source_status text,
    channel integer,
    applicant_name text,
    applicant_kind integer,
    applicant_id text,
    applicant_phone text,
    applicant_email text,
    summary text,
    submitted_at text,
    received_at text,
    due_at text,
    processed_at text,
    returned_at text,
    return_by_post boolean,
    processing_unit text,
    connection text,
    agency text,
    partition text,
    source_key text,
    source_time text,
    run_id text,
    item_hash bytea,
    version integer,
    sequence bigint,
    deleted_at text,
    notes text
);
CREATE TABLE dossier_step (
    record_key text NOT NULL,
    dossier_code text,
    at text,
    action text,
    action_code text,
    status integer,
    handler_name text,
    handler_title text,
    department text,
    started_at text,
    due_at text,
    note text,
    connection text,
    agency text,
    partition text,
    source_key text,
    source_time text,
    run_id text,
    item_hash bytea,
    version integer,
    sequence bigint,
    deleted_at text,
    notes text
);
CREATE TABLE drift (
    connection text NOT NULL,
    record_type text NOT NULL,
    property text NOT NULL,
    kind text NOT NULL,
    detail text NOT NULL,
    affected bigint NOT NULL,
    items bigint NOT NULL,
    state text NOT NULL,
    run_id text NOT NULL,
    detected_at text NOT NULL,
    because text,
    accepted_at text
);
CREATE TABLE land_change (
    record_key text NOT NULL,
    change_id text,
    kind text,
    happened_at text,
    from_parcels json,
    to_parcels json,
    dossier_code text,
    content text,
    authority text,
    connection text,
    agency text,
    partition text,
    source_key text,
    source_time text,
    run_id text,
    item_hash bytea,
    version integer,
    sequence bigint,
    deleted_at text,
    notes text
);
CREATE TABLE land_parcel (
    record_key text NOT NULL,
    scheme text,
    commune_code text,
    map_sheet text,
    parcel_number text,
    national_id text,
    previous_keys json,
    area_m2 numeric,
    legal_area_m2 numeric,
    address text,
    uses json,
    certificates json,
    holders json,
    restrictions json,
    is_encroached boolean,
    in_dispute boolean,
    geometry json,
    connection text,
    agency text,
    partition text,
    source_key text,
    source_time text,
    run_id text,
    item_hash bytea,
    version integer,
    sequence bigint,
    deleted_at text,
    notes text
);
CREATE TABLE lease (
    name text NOT NULL,
    holder text NOT NULL,
    token bigint NOT NULL,
    expires_at text NOT NULL,
    clock text,
    expires_s double precision,
    first_look text
);
CREATE TABLE maintenance (
    name text NOT NULL,
    done_at text NOT NULL,
    sequence bigint NOT NULL,
    instant text,
    value text
);
CREATE TABLE procedure (
    record_key text NOT NULL,
    code text,
    name text,
    field_code text,
    field_name text,
    levels json,
    is_public boolean,
    kind text,
    decision_number text,
    channels json,
    components json,
    results json,
    legal_bases json,
    executing_agencies json,
    requirements text,
    connection text,
    agency text,
    partition text,
    source_key text,
    source_time text,
    run_id text,
    item_hash bytea,
    version integer,
    sequence bigint,
    deleted_at text,
    notes text
);
CREATE TABLE quarantine (
    id bigint NOT NULL,
    connection text NOT NULL,
    record_type text NOT NULL,
    partition text NOT NULL,
    source_key text NOT NULL,
    item text,
    item_hash bytea NOT NULL,
    faults text NOT NULL,
    run_id text NOT NULL,
    first_seen text NOT NULL,
    resolved_at text,
    source_time text
);
CREATE SEQUENCE quarantine_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE quarantine_id_seq OWNED BY quarantine.id;
CREATE TABLE rate_limit (
    connection text NOT NULL,
    next_free_at text NOT NULL
);
CREATE TABLE record_lineage (
    record_type text NOT NULL,
    old_key text NOT NULL,
    new_key text NOT NULL,
    kind text NOT NULL,
    happened_at text,
    evidence text NOT NULL,
    recorded_at text NOT NULL
);
CREATE TABLE record_link (
    record_type text NOT NULL,
    record_key text NOT NULL,
    target_type text NOT NULL,
    target_key text NOT NULL
);
CREATE TABLE route (
    name text NOT NULL,
    last_sequence bigint NOT NULL,
    held_code text,
    held_context text,
    receiver text,
    record_types text
);
CREATE TABLE run (
    run_id text NOT NULL,
    started_at text NOT NULL,
    finished_at text,
    outcome text,
    report text,
    last_audit_entry bigint
);
CREATE TABLE run_counter (
    run_id text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    record_type text NOT NULL,
    partition text NOT NULL,
    counts text NOT NULL
);
CREATE TABLE source_property (
    connection text NOT NULL,
    record_type text NOT NULL,
    property text NOT NULL,
    items bigint NOT NULL,
    present bigint NOT NULL,
    filled bigint NOT NULL,
    kinds text NOT NULL,
    words text NOT NULL,
    is_read bigint NOT NULL,
    first_seen text,
    last_seen text
);
ALTER TABLE ONLY discrepancy ALTER COLUMN id SET DEFAULT nextval('discrepancy_id_seq'::regclass);
ALTER TABLE ONLY quarantine ALTER COLUMN id SET DEFAULT nextval('quarantine_id_seq'::regclass);
INSERT INTO audit_log VALUES (1, '{"account": "sync", "at": "2026-03-02T08:00:00.000000Z", "legal_basis": "NĐ 61/2018/NĐ-CP", "outcomes": ["delivered"], "purpose": "Công khai tiến độ", "receiver": "G22", "record_keys": ["gso-2025-07:25747:12:1"], "record_type": "land_parcel", "route": "portal", "run_id": "run"}', '2351ca6f885d033a08183b09cd6da3375e7800cd8eb7792cb83887b5f8ccd7cd');
INSERT INTO cchc_schema_version VALUES ('0008');
INSERT INTO change VALUES (1, 'land_parcel', 'gso-2025-07:25747:12:1', 'gso-2025-07:25747:12:1', 'insert', 1, '{"scheme":"gso-2025-07","commune_code":"25747","map_sheet":"12","parcel_number":"1","national_id":null,"previous_keys":[],"area_m2":"250.5","legal_area_m2":null,"address":null,"uses":[],"certificates":[],"holders":[],"restrictions":[],"is_encroached":null,"in_dispute":null,"geometry":null}', 'village', 'run', '2026-03-02T08:00:00.000000Z', NULL, NULL);
INSERT INTO change VALUES (2, 'construction_permit', 'CTCPXD-0001', 'CTCPXD-0001', 'insert', 1, '{"permit_code":"CTCPXD-0001","permit_number":"604/GPXD","dossier_code":"000.00.05.H09-260302-0001","works_code":null,"name":"Nhà ở riêng lẻ","kind":"5","step":"CPXD","status":"permit_issued","investor_name":null,"investor_code":null,"address":null,"scheme":"gso-2025-01","commune_code":"25747","parcel_refs":[{"scheme":null,"commune_code":null,"map_sheet":null,"parcel_number":null,"national_id":null,"raw":"604 (tờ bản đồ số 3)"}],"measures":[{"name":"Số tầng","value":null,"unit":null,"raw":"02 tầng + mái"}],"issued_on":null,"expires_on":null,"authority":null,"land_document":null,"geometry":null}', 'works', 'run', '2026-03-02T08:00:00.000000Z', NULL, NULL);
INSERT INTO change VALUES (3, 'dossier', '000.00.05.H09-260302-0001', '000.00.05.H09-260302-0001', 'insert', 1, '{"code":"000.00.05.H09-260302-0001","procedure_code":"1.013225","procedure_name":null,"field_code":null,"field_name":null,"agency_code":null,"agency_name":null,"status":2,"source_status":null,"channel":null,"applicant_name":"Nguyễn Thị Mẫu","applicant_kind":null,"applicant_id":"074187000123","applicant_phone":null,"applicant_email":null,"summary":null,"submitted_at":null,"received_at":null,"due_at":null,"processed_at":null,"returned_at":null,"return_by_post":null,"processing_unit":null}', 'desk', 'run', '2026-03-02T08:00:00.000000Z', NULL, NULL);
INSERT INTO change VALUES (4, 'dossier', '000.00.05.H09-260302-0001', '000.00.05.H09-260302-0001', 'update', 2, '{"code":"000.00.05.H09-260302-0001","procedure_code":"1.013225","procedure_name":null,"field_code":null,"field_name":null,"agency_code":null,"agency_name":null,"status":4,"source_status":null,"channel":null,"applicant_name":"Nguyễn Thị Mẫu","applicant_kind":null,"applicant_id":"074187000123","applicant_phone":null,"applicant_email":null,"summary":null,"submitted_at":null,"received_at":null,"due_at":"2026-03-20T10:00:00Z","processed_at":null,"returned_at":null,"return_by_post":null,"processing_unit":null}', 'desk', 'run', '2026-03-02T08:00:00.000000Z', NULL, NULL);
INSERT INTO change VALUES (5, 'procedure', '1.013225', '1.013225', 'insert', 1, '{"code":"1.013225","name":"Cấp giấy phép xây dựng nhà ở riêng lẻ","field_code":"G17-XD11","field_name":null,"levels":[],"is_public":true,"kind":null,"decision_number":null,"channels":[{"channel":2,"terms":[{"duration":"15","unit":"Ngày làm việc","raw":null,"description":null,"fees":[{"code":"LP01","amount_vnd":"75000","raw":null,"description":null}]}]}],"components":[{"code":"000.00.00.G17-KQ000001","name":"Đơn đề nghị cấp giấy phép xây dựng","case":null,"originals":1,"copies":null}],"results":[{"code":"KQ.G17.000001","name":"Giấy phép xây dựng"}],"legal_bases":[],"executing_agencies":[],"requirements":null}', 'catalogue', 'run', '2026-03-02T08:00:00.000000Z', NULL, NULL);
INSERT INTO circuit_breaker VALUES ('portal', 3, '2026-03-02T08:00:00.000000Z', '2026-03-02T08:01:00.000000Z');
INSERT INTO claim VALUES ('land_parcel', 'city', 'p1', 'H09.1', '', 'gso-2025-07:25747:12:1', '\xba82d86eee8a75a25defadec5f91b63f', '2026-03-02T08:00:00.000000Z', '{"scheme":"gso-2025-07","commune_code":"25747","map_sheet":"12","parcel_number":"1","national_id":null,"previous_keys":[],"area_m2":"260","legal_area_m2":null,"address":null,"uses":[],"certificates":[],"holders":[],"restrictions":[],"is_encroached":null,"in_dispute":null,"geometry":null}');
INSERT INTO construction_permit VALUES ('CTCPXD-0001', 'CTCPXD-0001', '604/GPXD', '000.00.05.H09-260302-0001', NULL, 'Nhà ở riêng lẻ', '5', 'CPXD', 'permit_issued', NULL, NULL, NULL, 'gso-2025-01', '25747', '[{"scheme":null,"commune_code":null,"map_sheet":null,"parcel_number":null,"national_id":null,"raw":"604 (tờ bản đồ số 3)"}]', '[{"name":"Số tầng","value":null,"unit":null,"raw":"02 tầng + mái"}]', NULL, NULL, NULL, NULL, NULL, 'works', 'H09.1', '', '000.00.05.H09-260302-0001', NULL, 'run', '\x7cd32edeb916e8ffed0809ddfff952c9', 1, 2, NULL, NULL);
INSERT INTO cursor VALUES ('village', 'land_parcel', '', '2026-03-02T08:00:00.000000Z', NULL, NULL, NULL, '1.1d79038a9', NULL, NULL, NULL, '2026-03-02T08:00:00.000000Z', NULL, NULL, NULL, NULL, NULL);
INSERT INTO cursor VALUES ('city', 'land_parcel', '', '2026-03-02T08:00:00.000000Z', NULL, NULL, NULL, '1.1d79038a9', NULL, NULL, NULL, '2026-03-02T08:00:00.000000Z', NULL, NULL, NULL, NULL, NULL);
INSERT INTO cursor VALUES ('works', 'construction_permit', '', NULL, NULL, NULL, NULL, '1.1', NULL, NULL, NULL, '2026-03-02T08:00:00.000000Z', NULL, NULL, NULL, NULL, NULL);
INSERT INTO cursor VALUES ('town', 'land_parcel', '25747', '2026-03-02T08:00:00.000000Z', '2026-03-02T07:50:00.000000Z', '3', '2026-03-02T07:59:00.000000Z', '1.1', 'transport.maintenance', '{"connection": "town"}', '2026-03-02T08:00:00.000000Z', '2026-03-02T08:00:00.000000Z', NULL, NULL, NULL, NULL, NULL);
INSERT INTO cursor VALUES ('ward', 'land_parcel', '', '2026-03-02T08:00:00.000000Z', NULL, NULL, NULL, '1.1', 'transport.no_response', '{"connection": "ward", "method": "GET", "path": "/parcels", "status": "None", "verdict": "None", "attempt": "4", "request_id": "7b1d"}', '2026-03-02T08:30:00.000000Z', '2026-03-02T08:00:00.000000Z', NULL, NULL, NULL, NULL, NULL);
INSERT INTO cursor VALUES ('desk', 'dossier', '', NULL, NULL, NULL, NULL, '1.1.3', NULL, NULL, NULL, '2026-03-02T08:00:00.000000Z', 0, NULL, NULL, NULL, NULL);
INSERT INTO cursor VALUES ('catalogue', 'procedure', '', NULL, NULL, NULL, NULL, '1.1.3', NULL, NULL, NULL, '2026-03-02T08:00:00.000000Z', 0, NULL, NULL, NULL, NULL);
INSERT INTO delivery VALUES ('portal', 1, 'land_parcel', 'gso-2025-07:25747:12:1', 'gso-2025-07:25747:12:1', 'delivered', 1, NULL, '0', '2026-03-02T08:00:00.000000Z', 'address', NULL, 'record');
INSERT INTO delivery VALUES ('works', 1, 'land_parcel', 'gso-2025-07:25747:12:1', 'gso-2025-07:25747:12:1', 'waiting', 2, '2026-03-02T08:01:00.000000Z', 'outage', NULL, NULL, '52f8a4f592090774ae563e568f6a0be9', 'record');
INSERT INTO delivery VALUES ('office', 1, 'land_parcel', 'gso-2025-07:25747:12:1', 'gso-2025-07:25747:12:1', 'dead', 10, NULL, 'transport.response_unexpected', '2026-03-02T08:30:00.000000Z', NULL, '1a704df1814a348b8ba2898d01d414c5', 'record');
INSERT INTO discrepancy VALUES (1, 'land_parcel', 'gso-2025-07:25747:12:1', 'area_m2', 'city', '"260"', '"250.5"', 'village', '2026-03-02T08:00:00.000000Z', 'open', NULL, NULL);
INSERT INTO dossier VALUES ('000.00.05.H09-260302-0001', '000.00.05.H09-260302-0001', '1.013225', NULL, NULL, NULL, NULL, NULL, 4, NULL, NULL, 'Nguyễn Thị Mẫu', NULL, '074187000123', NULL, NULL, NULL, NULL, NULL, '2026-03-20T10:00:00Z', NULL, NULL, NULL, NULL, 'desk', 'H09.1', '', '000.00.05.H09-260302-0001', NULL, 'run', '\x52631db3ed003709618fef242d0611a6', 2, 4, NULL, NULL);
INSERT INTO land_parcel VALUES ('gso-2025-07:25747:12:1', 'gso-2025-07', '25747', '12', '1', NULL, '[]', 250.5, NULL, NULL, '[]', '[]', '[]', '[]', NULL, NULL, NULL, 'village', 'H09.1', '', 'p1', '2026-03-02T08:00:00.000000Z', 'run', '\xd510d4bd0eec26e2bba8ef466fb73638', 1, 1, NULL, NULL);
INSERT INTO lease VALUES ('sync', 'host:1', 7, '2026-03-02T08:00:00.000000Z', NULL, NULL, NULL);
INSERT INTO maintenance VALUES ('purge', '2026-03-02T08:00:00.000000Z', 0, NULL, NULL);
INSERT INTO procedure VALUES ('1.013225', '1.013225', 'Cấp giấy phép xây dựng nhà ở riêng lẻ', 'G17-XD11', NULL, '[]', true, NULL, NULL, '[{"channel":2,"terms":[{"duration":"15","unit":"Ngày làm việc","raw":null,"description":null,"fees":[{"code":"LP01","amount_vnd":"75000","raw":null,"description":null}]}]}]', '[{"code":"000.00.00.G17-KQ000001","name":"Đơn đề nghị cấp giấy phép xây dựng","case":null,"originals":1,"copies":null}]', '[{"code":"KQ.G17.000001","name":"Giấy phép xây dựng"}]', '[]', '[]', NULL, 'catalogue', 'H09.1', '', '1.013225', NULL, 'run', '\x7e25365ad20e94754cb5d68a5b369dfc', 1, 5, NULL, NULL);
INSERT INTO quarantine VALUES (1, 'village', 'land_parcel', '', 'p3', '{"id": "p3", "sheet": "12", "number": "3", "area": "?", "at": "2026-03-02T08:00:00+00:00"}', '\x1d2502298d020985414d2868922be3ea', '[["area_m2", "number_unreadable"]]', 'run', '2026-03-02T08:00:00.000000Z', NULL, NULL);
INSERT INTO quarantine VALUES (2, 'desk', 'dossier', '', '000.00.05.H09-260302-0001#832ac05a3289e0382534daf6f30e975e', NULL, '\x832ac05a3289e0382534daf6f30e975e', '[["", "key_twice"]]', 'run', '2026-03-02T08:00:00.000000Z', '2026-03-02T08:00:00.000000Z', NULL);
INSERT INTO rate_limit VALUES ('portal', '2026-03-02T08:00:00.052500Z');
INSERT INTO record_lineage VALUES ('land_parcel', 'gso-2025-07:25747:12:91', 'gso-2025-07:25747:12:1', 'renumbered', '2026-02-27T17:00:00.000000Z', 'connection village', '2026-03-02T08:00:00.000000Z');
INSERT INTO record_link VALUES ('construction_permit', 'CTCPXD-0001', 'dossier', '000.00.05.H09-260302-0001');
INSERT INTO route VALUES ('portal', 1, NULL, NULL, NULL, NULL);
INSERT INTO route VALUES ('works', 0, 'transport.auth_refused', '{"connection": "works"}', NULL, NULL);
INSERT INTO route VALUES ('office', 1, 'signature.mismatch', '{"connection": "office"}', NULL, NULL);
INSERT INTO run VALUES ('killed', '2026-03-02T09:00:00.000000Z', NULL, NULL, NULL, NULL);
INSERT INTO run VALUES ('run', '2026-03-02T08:00:00.000000Z', '2026-03-02T08:00:00.000000Z', 'done', '{"run_id": "run", "outcome": "done", "dry_run": false, "started_at": "2026-03-02T08:00:00.000000Z", "finished_at": "2026-03-02T08:00:00.000000Z", "seconds": 0.5, "rows_written": 0, "messages_delivered": 0, "lines": [{"kind": "pull", "name": "town", "record_type": "land_parcel", "partition": "25747", "outcome": "done", "reason": null, "seconds": 0.0, "cursor_before": {"watermark": null, "page_token": null}, "cursor_after": {"watermark": "2026-03-02T08:00:00.000000Z", "page_token": "3"}, "fetched": 0, "unchanged": 0, "inserted": 0, "updated": 0, "quarantined": 0, "foreign": 0, "deleted": 0, "resolved": 0, "delivered": 0, "refused": 0, "waiting": 0, "shortened": 0, "held": 0, "pages": 0, "requests": 0, "bytes_received": 0}]}', 1);
INSERT INTO run VALUES ('refused', '2026-03-02T08:30:00.000000Z', '2026-03-02T08:30:00.000000Z', 'failed', '{"run_id": "refused", "outcome": "failed", "dry_run": false, "started_at": "2026-03-02T08:30:00.000000Z", "finished_at": "2026-03-02T08:30:00.000000Z", "seconds": 0.5, "rows_written": 0, "messages_delivered": 0, "lines": [{"kind": "pull", "name": "hamlet", "record_type": "land_parcel", "partition": "", "outcome": "held", "reason": {"code": "source.page_token_unusable", "context": {"connection": "hamlet", "record_type": "land_parcel"}}, "seconds": 0.0, "cursor_before": {"watermark": null, "page_token": null}, "cursor_after": {"watermark": null, "page_token": null}, "fetched": 0, "unchanged": 0, "inserted": 0, "updated": 0, "quarantined": 0, "foreign": 0, "deleted": 0, "resolved": 0, "delivered": 0, "refused": 0, "waiting": 0, "shortened": 0, "held": 0, "pages": 0, "requests": 0, "bytes_received": 0}, {"kind": "pull", "name": "ward", "record_type": "land_parcel", "partition": "", "outcome": "failed", "reason": {"code": "transport.no_response", "context": {"connection": "ward", "method": "GET", "path": "/parcels", "status": "None", "verdict": "None", "attempt": "4", "request_id": "7b1d"}}, "seconds": 0.0, "cursor_before": {"watermark": null, "page_token": null}, "cursor_after": {"watermark": null, "page_token": null}, "fetched": 0, "unchanged": 0, "inserted": 0, "updated": 0, "quarantined": 0, "foreign": 0, "deleted": 0, "resolved": 0, "delivered": 0, "refused": 0, "waiting": 0, "shortened": 0, "held": 0, "pages": 0, "requests": 0, "bytes_received": 0}, {"kind": "push", "name": "office", "record_type": "land_parcel", "partition": "", "outcome": "failed", "reason": {"code": "circuit_breaker.open", "context": {"connection": "office", "failures": "3", "until": "2026-03-02T09:00:00.000000Z"}}, "seconds": 0.0, "cursor_before": null, "cursor_after": null, "fetched": 0, "unchanged": 0, "inserted": 0, "updated": 0, "quarantined": 0, "foreign": 0, "deleted": 0, "resolved": 0, "delivered": 0, "refused": 0, "waiting": 0, "shortened": 0, "held": 0, "pages": 0, "requests": 0, "bytes_received": 0}]}', 1);
INSERT INTO run_counter VALUES ('run', 'pull', 'village', 'land_parcel', '', '{"fetched": 2, "unchanged": 0, "inserted": 1, "updated": 0, "quarantined": 1, "foreign": 0, "deleted": 0, "resolved": 0, "delivered": 0, "refused": 0, "waiting": 0, "shortened": 0, "held": 0, "pages": 1, "requests": 0, "bytes_received": 0}');
INSERT INTO run_counter VALUES ('run', 'pull', 'city', 'land_parcel', '', '{"fetched": 1, "unchanged": 0, "inserted": 0, "updated": 0, "quarantined": 0, "foreign": 1, "deleted": 0, "resolved": 0, "delivered": 0, "refused": 0, "waiting": 0, "shortened": 0, "held": 0, "pages": 1, "requests": 0, "bytes_received": 0}');
INSERT INTO run_counter VALUES ('run', 'pull', 'works', 'construction_permit', '', '{"fetched": 1, "unchanged": 0, "inserted": 1, "updated": 0, "quarantined": 0, "foreign": 0, "deleted": 0, "resolved": 0, "delivered": 0, "refused": 0, "waiting": 0, "shortened": 0, "held": 0, "pages": 1, "requests": 0, "bytes_received": 0}');
INSERT INTO run_counter VALUES ('run', 'push', 'portal', 'land_parcel', '', '{"delivered": 1}');
INSERT INTO run_counter VALUES ('run', 'pull', 'desk', 'dossier', '', '{"fetched": 1, "unchanged": 0, "inserted": 0, "updated": 1, "quarantined": 0, "foreign": 0, "drafts": 0, "outdated": 0, "deleted": 0, "resolved": 0, "delivered": 0, "refused": 0, "withdrawn": 0, "not_withdrawn": 0, "initial": 0, "dropped": 0, "waiting": 0, "shortened": 0, "held": 0, "absent": 0, "went_back": 0, "unlisted": 0, "times_ahead": 0, "times_ahead_s": 0, "noted": {}, "expected": {}, "times_unreadable": 0, "pages": 1, "requests": 0, "bytes_received": 0}');
INSERT INTO run_counter VALUES ('run', 'pull', 'catalogue', 'procedure', '', '{"fetched": 1, "unchanged": 0, "inserted": 1, "updated": 0, "quarantined": 0, "foreign": 0, "drafts": 0, "outdated": 0, "deleted": 0, "resolved": 0, "delivered": 0, "refused": 0, "withdrawn": 0, "not_withdrawn": 0, "initial": 0, "dropped": 0, "waiting": 0, "shortened": 0, "held": 0, "absent": 0, "went_back": 0, "unlisted": 0, "times_ahead": 0, "times_ahead_s": 0, "noted": {}, "expected": {}, "times_unreadable": 0, "pages": 1, "requests": 0, "bytes_received": 0}');
INSERT INTO source_property VALUES ('desk', 'dossier', 'applicant_id', 2, 2, 2, '{"text": 2}', '{}', 0, '2026-03-02T08:00:00.000000Z', '2026-03-02T08:00:00.000000Z');
INSERT INTO source_property VALUES ('desk', 'dossier', 'applicant_name', 2, 2, 2, '{"text": 2}', '{}', 0, '2026-03-02T08:00:00.000000Z', '2026-03-02T08:00:00.000000Z');
INSERT INTO source_property VALUES ('desk', 'dossier', 'code', 2, 2, 2, '{"text": 2}', '{}', 0, '2026-03-02T08:00:00.000000Z', '2026-03-02T08:00:00.000000Z');
INSERT INTO source_property VALUES ('desk', 'dossier', 'due_at', 1, 1, 1, '{"text": 1}', '{}', 0, '2026-03-02T08:00:00.000000Z', '2026-03-02T08:00:00.000000Z');
INSERT INTO source_property VALUES ('desk', 'dossier', 'procedure_code', 2, 2, 2, '{"text": 2}', '{}', 0, '2026-03-02T08:00:00.000000Z', '2026-03-02T08:00:00.000000Z');
INSERT INTO source_property VALUES ('desk', 'dossier', 'status', 2, 2, 2, '{"number": 2}', '{}', 0, '2026-03-02T08:00:00.000000Z', '2026-03-02T08:00:00.000000Z');
INSERT INTO source_property VALUES ('catalogue', 'procedure', 'channels', 1, 1, 1, '{"list": 1}', '{}', 0, '2026-03-02T08:00:00.000000Z', '2026-03-02T08:00:00.000000Z');
INSERT INTO source_property VALUES ('catalogue', 'procedure', 'code', 1, 1, 1, '{"text": 1}', '{}', 0, '2026-03-02T08:00:00.000000Z', '2026-03-02T08:00:00.000000Z');
INSERT INTO source_property VALUES ('catalogue', 'procedure', 'components', 1, 1, 1, '{"list": 1}', '{}', 0, '2026-03-02T08:00:00.000000Z', '2026-03-02T08:00:00.000000Z');
INSERT INTO source_property VALUES ('catalogue', 'procedure', 'field_code', 1, 1, 1, '{"text": 1}', '{}', 0, '2026-03-02T08:00:00.000000Z', '2026-03-02T08:00:00.000000Z');
INSERT INTO source_property VALUES ('catalogue', 'procedure', 'is_public', 1, 1, 1, '{"flag": 1}', '{}', 0, '2026-03-02T08:00:00.000000Z', '2026-03-02T08:00:00.000000Z');
INSERT INTO source_property VALUES ('catalogue', 'procedure', 'name', 1, 1, 1, '{"text": 1}', '{}', 0, '2026-03-02T08:00:00.000000Z', '2026-03-02T08:00:00.000000Z');
INSERT INTO source_property VALUES ('catalogue', 'procedure', 'results', 1, 1, 1, '{"list": 1}', '{}', 0, '2026-03-02T08:00:00.000000Z', '2026-03-02T08:00:00.000000Z');
SELECT pg_catalog.setval('discrepancy_id_seq', 1, true);
SELECT pg_catalog.setval('quarantine_id_seq', 2, true);
ALTER TABLE ONLY absence
    ADD CONSTRAINT absence_pkey PRIMARY KEY (connection, record_type, partition, source_key);
ALTER TABLE ONLY audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (entry);
ALTER TABLE ONLY cchc_schema_version
    ADD CONSTRAINT cchc_schema_version_pkey PRIMARY KEY (version_num);
ALTER TABLE ONLY change
    ADD CONSTRAINT change_pkey PRIMARY KEY (sequence);
ALTER TABLE ONLY circuit_breaker
    ADD CONSTRAINT circuit_breaker_pkey PRIMARY KEY (connection);
ALTER TABLE ONLY claim
    ADD CONSTRAINT claim_pkey PRIMARY KEY (record_type, connection, source_key);
ALTER TABLE ONLY construction_permit
    ADD CONSTRAINT construction_permit_pkey PRIMARY KEY (record_key);
ALTER TABLE ONLY construction_works
    ADD CONSTRAINT construction_works_pkey PRIMARY KEY (record_key);
ALTER TABLE ONLY cursor
    ADD CONSTRAINT cursor_pkey PRIMARY KEY (connection, record_type, partition);
ALTER TABLE ONLY delivery
    ADD CONSTRAINT delivery_pkey PRIMARY KEY (route, sequence);
ALTER TABLE ONLY discrepancy
    ADD CONSTRAINT discrepancy_of_field UNIQUE (record_type, record_key, field, connection);
ALTER TABLE ONLY discrepancy
    ADD CONSTRAINT discrepancy_pkey PRIMARY KEY (id);
ALTER TABLE ONLY dossier
    ADD CONSTRAINT dossier_pkey PRIMARY KEY (record_key);
ALTER TABLE ONLY dossier_step
    ADD CONSTRAINT dossier_step_pkey PRIMARY KEY (record_key);
ALTER TABLE ONLY drift
    ADD CONSTRAINT drift_pkey PRIMARY KEY (connection, record_type, property, kind);
ALTER TABLE ONLY land_change
    ADD CONSTRAINT land_change_pkey PRIMARY KEY (record_key);
ALTER TABLE ONLY land_parcel
    ADD CONSTRAINT land_parcel_pkey PRIMARY KEY (record_key);
ALTER TABLE ONLY lease
    ADD CONSTRAINT lease_pkey PRIMARY KEY (name);
ALTER TABLE ONLY maintenance
    ADD CONSTRAINT maintenance_pkey PRIMARY KEY (name);
ALTER TABLE ONLY procedure
    ADD CONSTRAINT procedure_pkey PRIMARY KEY (record_key);
ALTER TABLE ONLY quarantine
    ADD CONSTRAINT quarantine_pkey PRIMARY KEY (id);
ALTER TABLE ONLY rate_limit
    ADD CONSTRAINT rate_limit_pkey PRIMARY KEY (connection);
ALTER TABLE ONLY record_lineage
    ADD CONSTRAINT record_lineage_pkey PRIMARY KEY (record_type, old_key, new_key);
ALTER TABLE ONLY record_link
    ADD CONSTRAINT record_link_pkey PRIMARY KEY (record_type, record_key, target_type, target_key);
ALTER TABLE ONLY route
    ADD CONSTRAINT route_pkey PRIMARY KEY (name);
ALTER TABLE ONLY run_counter
    ADD CONSTRAINT run_counter_pkey PRIMARY KEY (run_id, kind, name, record_type, partition);
ALTER TABLE ONLY run
    ADD CONSTRAINT run_pkey PRIMARY KEY (run_id);
ALTER TABLE ONLY source_property
    ADD CONSTRAINT source_property_pkey PRIMARY KEY (connection, record_type, property);
CREATE INDEX change_of_record ON change USING btree (record_type, record_key, sequence);
CREATE INDEX claim_item ON claim USING btree (record_type, connection, item_hash);
CREATE INDEX claim_of_record ON claim USING btree (record_type, record_key);
CREATE INDEX construction_permit_item ON construction_permit USING btree (connection, item_hash, source_key, source_time, partition) WHERE (deleted_at IS NULL);
CREATE INDEX construction_permit_source ON construction_permit USING btree (connection, source_key);
CREATE INDEX construction_works_item ON construction_works USING btree (connection, item_hash, source_key, source_time, partition) WHERE (deleted_at IS NULL);
CREATE INDEX construction_works_source ON construction_works USING btree (connection, source_key);
CREATE INDEX delivery_in_order ON delivery USING btree (route, order_key, state, sequence);
CREATE INDEX delivery_of_record ON delivery USING btree (route, record_key, state, record_type);
CREATE INDEX delivery_open ON delivery USING btree (route, state, sequence);
CREATE INDEX dossier_item ON dossier USING btree (connection, item_hash, source_key, source_time, partition) WHERE (deleted_at IS NULL);
CREATE INDEX dossier_source ON dossier USING btree (connection, source_key);
CREATE INDEX dossier_step_item ON dossier_step USING btree (connection, item_hash, source_key, source_time, partition) WHERE (deleted_at IS NULL);
CREATE INDEX dossier_step_source ON dossier_step USING btree (connection, source_key);
CREATE INDEX land_change_item ON land_change USING btree (connection, item_hash, source_key, source_time, partition) WHERE (deleted_at IS NULL);
CREATE INDEX land_change_source ON land_change USING btree (connection, source_key);
CREATE INDEX land_parcel_item ON land_parcel USING btree (connection, item_hash, source_key, source_time, partition) WHERE (deleted_at IS NULL);
CREATE INDEX land_parcel_source ON land_parcel USING btree (connection, source_key);
CREATE INDEX procedure_item ON procedure USING btree (connection, item_hash, source_key, source_time, partition) WHERE (deleted_at IS NULL);
CREATE INDEX procedure_source ON procedure USING btree (connection, source_key);
CREATE INDEX quarantine_open ON quarantine USING btree (connection, record_type, source_key);
CREATE INDEX record_lineage_new_key ON record_lineage USING btree (record_type, new_key);
CREATE INDEX record_link_target ON record_link USING btree (target_type, target_key);
