"""The lists that can be taken away as files: whom each is for, what stands in its lines, how its rows are found."""

from collections.abc import Mapping

from webapp.domain.insights import audit_listings, channel_listings, people_listings
from webapp.domain.insights.listing import Listing

LISTINGS: Mapping[str, Listing] = {
    **channel_listings.LISTINGS,
    **people_listings.LISTINGS,
    **audit_listings.LISTINGS,
}
