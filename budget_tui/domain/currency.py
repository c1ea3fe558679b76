"""Currencies: the codes of ISO 4217, without those for metals, tests and no currency at all."""

from budget_tui.domain.errors import Refused

CODES = frozenset(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF"
    " CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF"
    " GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD"
    " LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP"
    " PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP"
    " TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XCD XCG XDR XOF XPF YER ZAR ZMW ZWG"
    # Withdrawn, and in files of the days when they were not.
    " BYR CUC HRK LTL LVL EEK MRO SLL STD VEF ZWL".split()
)


def is_currency(code: str) -> bool:
    """Whether ``code`` is that of a currency, in upper case."""
    return code in CODES


def checked_currency(text: str) -> str:
    """``text`` as the code of a currency, in upper case."""
    code = text.strip().upper()
    if not is_currency(code):
        raise Refused(f"'{text}' is not a currency", "give a code of ISO 4217 such as USD")
    return code
