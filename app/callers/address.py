"""What callers without keys are told apart by."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

_REMEMBERED: Final = 1024
_OF_ONE: Final = 64  # bits of the IPv6 network that one customer of a provider has at least


@lru_cache(_REMEMBERED)
def network_of(address: str) -> str:
    """An address; of IPv6, where everybody has very many, its network."""
    try:
        parsed = ip_address(address)
    except ValueError:  # a socket without addresses
        return address
    if not isinstance(parsed, IPv6Address) or parsed.is_loopback:
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ip_network((int(parsed), _OF_ONE), strict=False))
