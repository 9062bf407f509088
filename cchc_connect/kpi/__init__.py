"""Indicators (chỉ tiêu): facts from the change feed, definitions as data, targets, figures and reports."""

from cchc_connect.kpi.cases import KpiCases as KpiCases, cases as cases
from cchc_connect.kpi.computing import compute as compute
from cchc_connect.kpi.following import follow as follow, rebuild as rebuild
from cchc_connect.kpi.indicator_sets import Indicator as Indicator, indicator_set as indicator_set
from cchc_connect.kpi.report import Counts as Counts, KpiFigure as KpiFigure, KpiReport as KpiReport, KpiRow as KpiRow
from cchc_connect.kpi.targets import (
    KpiTarget as KpiTarget,
    load_targets as load_targets,
    read_targets as read_targets,
    targets as targets,
)
