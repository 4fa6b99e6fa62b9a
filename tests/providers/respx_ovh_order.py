"""The cart and the catalogue of respx_ovh.py. Shapes: models of /order.json and
ovh/order-cart-examples (providers.md section 4, O2 and O4); read 2026-11-21."""

from .respx_wire import Call

API = "https://eu.api.ovh.com/1.0"
PLAN = "24rise01-v1"
CART = f"{API}/order/cart/c1"
TIME = Call(does=f"GET {API}/auth/time", answer=1790000000)
PERIOD = {"duration": "P1M", "pricingMode": "default", "quantity": 1}
OPTION = {
    "family": "memory",
    "mandatory": True,
    "planCode": "ram-32g-ecc-2666-24rise01-v1",
    "prices": [
        {
            "capacities": ["renew"],
            "duration": "P1M",
            "price": {"currencyCode": "EUR", "value": 0.0},
            "pricingMode": "default",
        }
    ],
}
STOCK_ROW = {
    "planCode": PLAN,
    "memory": "ram-32g-ecc-2666",
    "datacenters": [{"datacenter": "gra", "availability": "1H-low"}],
}
STOCK = f"GET {API}/dedicated/server/datacenter/availabilities"
STOCK_HERE = Call(does=f"{STOCK}?planCode={PLAN}&datacenters=gra", answer=[STOCK_ROW])
LABELS = [
    {"label": "dedicated_datacenter", "required": True, "allowedValues": ["gra", "rbx"]},
    {"label": "region", "required": True, "allowedValues": ["europe"]},
    {"label": "dedicated_os", "required": True, "allowedValues": ["none_64.en"]},
]
CHOSEN = {"dedicated_datacenter": "gra", "dedicated_os": "none_64.en", "region": "europe"}
OPENED = (
    TIME,
    Call(
        does=f"POST {API}/order/cart",
        sends={"ovhSubsidiary": "FR", "description": f"Ktizo: {PLAN}"},
        answer={"cartId": "c1", "readOnly": False},
    ),
    Call(does=f"POST {CART}/assign"),
    Call(does=f"GET {CART}/baremetalServers/options?planCode={PLAN}", answer=[OPTION]),
)
FILLED = (
    Call(
        does=f"POST {CART}/baremetalServers",
        sends={"planCode": PLAN, **PERIOD},
        answer={"cartId": "c1", "itemId": 7},
    ),
    Call(
        does=f"POST {CART}/baremetalServers/options",
        sends={"itemId": 7, "planCode": "ram-32g-ecc-2666-24rise01-v1", **PERIOD},
        answer={"itemId": 8},
    ),
    Call(does=f"GET {CART}/item/7/requiredConfiguration", answer=LABELS),
    *(
        Call(
            does=f"POST {CART}/item/7/configuration",
            sends={"label": label, "value": value},
            answer={"id": 9},
        )
        for label, value in CHOSEN.items()
    ),
)


def eur(value: float) -> dict[str, object]:
    return {"currencyCode": "EUR", "text": f"{value} EUR", "value": value}


CHECKOUT = {
    "orderId": None,
    "details": [
        {"description": "RISE-1", "detailType": "DURATION", "totalPrice": eur(64.99)},
        {"description": "setup", "detailType": "INSTALLATION", "totalPrice": eur(20.0)},
    ],
    "prices": {"withoutTax": eur(84.99), "withTax": eur(101.99)},
}


def catalogue(name: str, plans: list[object]) -> Call:
    return Call(
        does=f"GET {API}/order/catalog/public/{name}?ovhSubsidiary=FR",
        answer={"locale": {"currencyCode": "EUR"}, "plans": plans, "addons": [], "products": []},
    )


CATALOGUE_PLAN = {
    "planCode": PLAN,
    "invoiceName": "RISE-1",
    "pricings": [
        {
            "mode": "default",
            "commitment": 0,
            "interval": 1,
            "intervalUnit": "month",
            "capacities": ["renew"],
            "price": 6499000000,
        }
    ],
    "addonFamilies": [],
    "configurations": [{"name": "dedicated_datacenter", "values": ["gra"]}],
}
