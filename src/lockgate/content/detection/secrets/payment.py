"""Credentials of payment and commerce."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.secrets.forms import END, UUID, A, B, H, W, token
from lockgate.content.detection.table import Token

TOKENS: Final[tuple[Token, ...]] = (
    token("stripe", "sk_live_ rk_live_", rf"{B}[rs]k_live_{A}{{16,250}}"),
    token("stripe", "sk_test_ rk_test_", rf"{B}[rs]k_test_{A}{{16,250}}", 0.8),
    token("stripe", "whsec_", rf"{B}whsec_[0-9A-Za-z+/]{{24,64}}"),
    token("shopify", "shpat_ shpca_ shppa_ shpss_ shptka_", rf"{B}shp(?:at|ca|pa|ss|tka)_[0-9a-fA-F]{{32}}"),
    token("square", "sq0atp- sq0csp- sq0idp-", rf"{B}sq0(?:atp|csp|idp)-{W}{{22,43}}"),
    token("square", "EAAA", rf"{B}EAAA{W}{{60}}(?!{W})"),
    token(
        "braintree", "access_token$", rf"{B}access_token\$(?:production|sandbox)\$[0-9a-z]{{16}}\${H}{{32}}{END}"
    ),
    token(
        "plaid",
        "access-sandbox- access-production- access-development-",
        rf"{B}access-(?:sandbox|production|development)-{UUID}{END}",
    ),
    token("razorpay", "rzp_live_ rzp_test_", rf"{B}rzp_(?:live|test)_{A}{{14,24}}{END}"),
    token("flutterwave", "FLWSECK", rf"{B}FLWSECK(?:_TEST)?-{A}{{12,40}}(?:-X)?{END}"),
    token("paddle", "pdl_live_ pdl_sdbx_", rf"{B}pdl_(?:live|sdbx)_apikey_[0-9a-z]{{26}}_{A}{{22}}_{A}{{3}}{END}"),
    token("mercado_pago", "APP_USR-", rf"{B}APP_USR-[0-9]{{12,20}}-[0-9]{{6}}-{H}{{32}}-[0-9]{{5,12}}{END}"),
    token("midtrans", "Mid-server-", rf"{B}Mid-server-{W}{{24}}(?!{W})"),
    token("omise", "skey_", rf"{B}skey_(?:test_|live_)?[0-9a-z]{{19}}{END}"),
    token("xendit", "xnd_production_ xnd_development_", rf"{B}xnd_(?:production|development)_{A}{{40,80}}{END}"),
    token("cashfree", "cfsk_ma_", rf"{B}cfsk_ma_(?:prod|test)_{H}{{32}}_{H}{{8}}{END}"),
    token("sumup", "sup_sk_", rf"{B}sup_sk_{A}{{32}}{END}"),
    token("woocommerce", "ck_ cs_", rf"{B}c[ks]_{H}{{40}}{END}"),
    token("gocardless", "live_", rf"{B}live_[0-9A-Za-z_=-]{{40}}(?![0-9A-Za-z_=-])", 0.9),
    token("checkout_com", "sk_sbox_", rf"{B}sk_sbox_[0-9a-z]{{26}}[0-9a-z*#$=]"),
    token("adyen", "AQE", rf"{B}AQE[a-z]hm[0-9A-Za-z+/]{{40,300}}={{0,2}}-[0-9A-Za-z+/=]{{20,100}}-"),
)
