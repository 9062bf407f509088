from . import kpi as kpi, transport as transport
from .adapter import (
    Adapter as Adapter,
    AdapterFactory as AdapterFactory,
    DeleteDetection as DeleteDetection,
    DeliveryStatus as DeliveryStatus,
    FieldLimits as FieldLimits,
    ListingEnd as ListingEnd,
    ListingOrder as ListingOrder,
    ListsDrafts as ListsDrafts,
    Outgoing as Outgoing,
    Page as Page,
    PageRequest as PageRequest,
    ParallelTarget as ParallelTarget,
    Receipt as Receipt,
    Source as Source,
    SourceProfile as SourceProfile,
    Target as Target,
    VersionedSource as VersionedSource,
    WithdrawalTarget as WithdrawalTarget,
)
from .clock import Clock as Clock, SystemClock as SystemClock
from .config.file import Config as Config
from .corrections.administration import (
    CorrectionSubject as CorrectionSubject,
    CorrectionTerm as CorrectionTerm,
    answer_correction as answer_correction,
    close_correction as close_correction,
    open_correction as open_correction,
    remind_corrections as remind_corrections,
)
from .corrections.answer_files import import_corrections as import_corrections
from .corrections.owner_files import export_corrections as export_corrections
from .corrections.requests import (
    CorrectionRequest as CorrectionRequest,
    CorrectionState as CorrectionState,
    correction_requests as correction_requests,
)
from .database.audit.chain import EntryNumber as EntryNumber
from .database.audit.entries import AuditEntry as AuditEntry, AuditKind as AuditKind, record_command as record_command
from .database.audit.listing import (
    AuditFilter as AuditFilter,
    NumberedEntry as NumberedEntry,
    audit_entries as audit_entries,
    audit_entry as audit_entry,
)
from .database.audit.retention import erase_subject_index as erase_subject_index
from .database.audit.sealing import SealReport as SealReport
from .database.audit.subject_keys import SubjectKeys as SubjectKeys
from .database.audit.verification import (
    AuditVerification as AuditVerification,
    VerificationOutcome as VerificationOutcome,
    verify_audit_log as verify_audit_log,
)
from .database.audit.who_looked import DataUse as DataUse, who_looked as who_looked
from .database.backup import Backup as Backup, back_up as back_up
from .database.outbox.dead_letters import DeadLetter as DeadLetter, dead_letters as dead_letters
from .database.reading.async_iteration import iterate_in_thread as iterate_in_thread
from .database.reading.case import Case as Case, find_case as find_case
from .database.reading.change_feed import Change as Change, changes as changes, follow as follow
from .database.reading.discrepancies import (
    Discrepancy as Discrepancy,
    DiscrepancyState as DiscrepancyState,
    discrepancies as discrepancies,
)
from .database.reading.filters import at_least as at_least, between as between, less_than as less_than
from .database.reading.history import (
    RecordVersion as RecordVersion,
    history as history,
    record_at as record_at,
    records_at as records_at,
)
from .database.reading.parcel_dossiers import (
    MatchingParcel as MatchingParcel,
    ParcelDossiers as ParcelDossiers,
    ParcelMatching as ParcelMatching,
    find_parcel_dossiers as find_parcel_dossiers,
)
from .database.reading.quarantine_entries import QuarantineEntry as QuarantineEntry, quarantine as quarantine
from .database.reading.records import get as get, records as records
from .database.shared_database import SharedDatabase as SharedDatabase
from .database.state.counters import Counters as Counters
from .database.state.drifts import Drift as Drift, accept_drift as accept_drift, drifts as drifts
from .errors import (
    AccessDenied as AccessDenied,
    AuthenticationFailed as AuthenticationFailed,
    CchcError as CchcError,
    ConfigurationError as ConfigurationError,
    CutShort as CutShort,
    DatabaseLost as DatabaseLost,
    DatabaseUnusable as DatabaseUnusable,
    DeadlineExceeded as DeadlineExceeded,
    Fatal as Fatal,
    LeaseHeld as LeaseHeld,
    LeaseLost as LeaseLost,
    Maintenance as Maintenance,
    MessageRefused as MessageRefused,
    NotFound as NotFound,
    OutsideHours as OutsideHours,
    RecordNotFound as RecordNotFound,
    Rejected as Rejected,
    ResponseUnreadable as ResponseUnreadable,
    Retriable as Retriable,
    SourceHeld as SourceHeld,
    StartOver as StartOver,
    Stopped as Stopped,
    Throttled as Throttled,
    Unreachable as Unreachable,
    UsageMistake as UsageMistake,
)
from .exports.exporter import ExportReport as ExportReport, export as export
from .exports.formats import ExportFormat as ExportFormat
from .exports.recipient_files import (
    RecipientReport as RecipientReport,
    export_for_recipient as export_for_recipient,
)
from .http import (
    Conversation as Conversation,
    Credentials as Credentials,
    Dialect as Dialect,
    HttpRequest as HttpRequest,
    HttpResponse as HttpResponse,
    Rate as Rate,
    SessionLogin as SessionLogin,
    SessionToken as SessionToken,
    Verdict as Verdict,
)
from .local_sources.contract import (
    LeavesUnread as LeavesUnread,
    LocalAdapter as LocalAdapter,
    LocalAdapterFactory as LocalAdapterFactory,
    LocalSource as LocalSource,
    Observation as Observation,
)
from .messages import Language as Language, Message as Message
from .monitoring.freshness import (
    ConnectionFreshness as ConnectionFreshness,
    Freshness as Freshness,
    FreshnessNow as FreshnessNow,
    freshness as freshness,
)
from .monitoring.runs import Run as Run, run as run, runs as runs
from .monitoring.status import (
    DatabaseStatus as DatabaseStatus,
    RouteStatus as RouteStatus,
    StreamStatus as StreamStatus,
    status as status,
)
from .privacy.redaction import RedactingFormatter as RedactingFormatter
from .quality.connected import (
    ConnectedReport as ConnectedReport,
    connected_databases as connected_databases,
    connected_now as connected_now,
)
from .quality.metrics import Metric as Metric, metrics as metrics, metrics_text as metrics_text
from .quality.scores import (
    QualityReport as QualityReport,
    QualityScore as QualityScore,
    quality as quality,
    quality_trend as quality_trend,
    store_quality_month as store_quality_month,
)
from .sharing.administration import (
    agreements as agreements,
    apply_agreements as apply_agreements,
    approve_agreement as approve_agreement,
    check_agreements as check_agreements,
    end_agreement as end_agreement,
    explain_access as explain_access,
    odrl_agreement as odrl_agreement,
    resume_agreement as resume_agreement,
    suspend_agreement as suspend_agreement,
    withdraw_agreement as withdraw_agreement,
)
from .sharing.agreements import Action as Action, Agreement as Agreement, Treatment as Treatment
from .sharing.applicant_search import (
    ApplicantDossiers as ApplicantDossiers,
    find_applicant_dossiers as find_applicant_dossiers,
)
from .sharing.case_papers import CasePaper as CasePaper, CasePapers as CasePapers, case_papers as case_papers
from .sharing.disclosure import DisclosurePoint as DisclosurePoint, Release as Release
from .sharing.evidence import Evidence as Evidence, EvidenceState as EvidenceState
from .sharing.operator import disclosure_point as disclosure_point
from .sharing.procedure_papers import (
    ProcedurePaper as ProcedurePaper,
    ProcedurePapers as ProcedurePapers,
    procedure_papers as procedure_papers,
)
from .sharing.requests import AccessRequest as AccessRequest
from .sharing.route_drafts import DraftTerms as DraftTerms, draft_agreements as draft_agreements
from .sharing.unmasked import AccessReason as AccessReason, reveal as reveal
from .sync.audit_sealing import seal_audit_log as seal_audit_log
from .sync.connection_changes import (
    remove_connection as remove_connection,
    rename_connection as rename_connection,
)
from .sync.pull_range import PullRange as PullRange
from .sync.purge import PurgeReport as PurgeReport
from .sync.reconcile import Reconciliation as Reconciliation
from .sync.record_writer import RecordWriter as RecordWriter
from .sync.report import ReportLine as ReportLine, RunReport as RunReport, RunStatus as RunStatus
from .sync.run_environment import RunEnvironment as RunEnvironment
from .sync.synchronizer import Synchronizer as Synchronizer
from .transport import Endpoint as Endpoint, Transport as Transport
from .transport.calls.classifier import classify_rest as classify_rest
from .version import __version__ as __version__
from .wire.codecs import Unreadable as Unreadable
from .wire.json import Item as Item
