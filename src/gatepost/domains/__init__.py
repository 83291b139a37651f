"""The domains we answer for: ownership, routes, DKIM keys, DNS records to publish."""

from gatepost.domains.directory import Directory
from gatepost.domains.ownership import add_domain, dns_records, list_domains, remove_domain, signing_keys
from gatepost.domains.paper import (
    Destination,
    DnsRecord,
    Domain,
    DomainError,
    DomainMissingError,
    DomainTakenError,
    Route,
    RouteTakenError,
    SigningKey,
)
from gatepost.domains.routes import (
    add_route,
    is_given_domain,
    list_routes,
    remove_route,
    remove_routes_to,
    route,
    tenant_of,
)

__all__ = [
    "Destination",
    "Directory",
    "DnsRecord",
    "Domain",
    "DomainError",
    "DomainMissingError",
    "DomainTakenError",
    "Route",
    "RouteTakenError",
    "SigningKey",
    "add_domain",
    "add_route",
    "dns_records",
    "is_given_domain",
    "list_domains",
    "list_routes",
    "remove_domain",
    "remove_route",
    "remove_routes_to",
    "route",
    "signing_keys",
    "tenant_of",
]
