"""Systems that speak SOAP: calls as exchanges, faults as verdicts, WS-Security's account in the header."""

from cchc_connect.soap.envelopes import SoapFault, classify_soap, fault_of
from cchc_connect.soap.security import UsernameToken
from cchc_connect.soap.service import SoapService

__all__ = ["SoapFault", "SoapService", "UsernameToken", "classify_soap", "fault_of"]
