"""The feature class under load: 25 features that come from the online store, one expression and one from Python."""

from creta.features import Primary, _, feature, features


@features(owner="bench@creta.example", max_staleness="30d")
class Shopper:
    id: Primary[int]

    spend_1d: float
    spend_7d: float
    spend_30d: float
    spend_lifetime: float
    basket_mean: float
    basket_largest: float
    discount_share: float
    return_rate: float
    latitude: float
    longitude: float

    visits_1d: int
    visits_7d: int
    visits_30d: int
    orders_lifetime: int
    support_tickets: int
    account_age_days: int
    loyalty_points: int

    country: str
    city: str
    favourite_brand: str
    device: str
    referrer: str

    is_member: bool
    has_newsletter: bool
    is_business: bool

    # Both are computed for every question, never read from the store.
    spend_per_visit: float = feature(expression=_.spend_30d / _.visits_30d, max_staleness="0s")
    greeting: str = feature(max_staleness="0s")
