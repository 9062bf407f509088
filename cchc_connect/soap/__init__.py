"""SOAP systems: calls as conversations, and faults as verdicts."""

from cchc_connect.soap.envelopes import SoapFault, classify_soap, fault_of
from cchc_connect.soap.service import SoapService, written_xml

__all__ = ["SoapFault", "SoapService", "classify_soap", "fault_of", "written_xml"]
