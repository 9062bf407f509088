from .doubles.agencies import Agencies as Agencies
from .doubles.construction_department import ConstructionDepartmentDouble as ConstructionDepartmentDouble
from .doubles.national_portal import NationalPortalDouble as NationalPortalDouble
from .doubles.ogc_features import OgcFeaturesDouble as OgcFeaturesDouble
from .doubles.opencps import OpenCpsDouble as OpenCpsDouble
from .doubles.server import (
    AgencyDouble as AgencyDouble,
    ReceivedRequest as ReceivedRequest,
    ServerResponse as ServerResponse,
    json_response as json_response,
)
from .doubles.switches import Switches as Switches
from .faults import FAULTS as FAULTS, WireFault as WireFault
from .faults.faulty_server import FaultyServer as FaultyServer
from .kit.check import check_adapter as check_adapter
from .kit.replay import RecordedSystem as RecordedSystem
from .province.defects import Defect as Defect, DefectCount as DefectCount, DefectSeverity as DefectSeverity
from .province.edits import Edit as Edit, daily_edit as daily_edit
from .province.world import World as World
