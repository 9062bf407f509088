"""SOAP systems: calls as conversations, faults as verdicts, WS-Security UsernameToken."""

from cchc_connect.soap.envelopes import SoapFault, classify_soap, fault_of
from cchc_connect.soap.security import UsernameToken
from cchc_connect.soap.service import SoapService

__all__ = ["SoapFault", "SoapService", "UsernameToken", "classify_soap", "fault_of"]
