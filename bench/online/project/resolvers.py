"""One resolver in Python, so that the worker processes run while the store is under load."""

from creta import online

from features import Shopper


@online
def greeting(city: Shopper.city, orders: Shopper.orders_lifetime) -> Shopper.greeting:
    return f"{orders} orders to {city}"
