"""Indicators (chỉ tiêu): facts from the change feed, definitions as data, targets, figures and reports."""

from cchc_connect.kpi.cases import KpiCases as KpiCases, cases as cases
from cchc_connect.kpi.computing import compute as compute
from cchc_connect.kpi.following import follow as follow, rebuild as rebuild
from cchc_connect.kpi.report import KpiFigure as KpiFigure, KpiReport as KpiReport
