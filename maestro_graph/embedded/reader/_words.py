"""Words: tokens that forgive OCR's slips, likeness of phrases, and labels that mean the same in everyday documents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from maestro_graph.embedded.reader._values import Kind

__all__ = ["CONCEPTS", "KINDS", "STOP", "alike", "concepts_of", "is_label", "phrase_match", "tokens"]

STOP = frozenset(
    "a an the of on in at to for from by with and or is are was were be been being it its this that these those "
    "there here do does did has have had can could will would shall should may might what which who whom whose "
    "when where why how please tell me us show give find read say says said write written print printed shown "
    "display displayed appear appears appearing listed mentioned stated indicated according image picture photo "
    "text".split()
)

# phrases for one thing, the best label first; the weight says how surely the label means the thing
CONCEPTS: tuple[tuple[tuple[str, ...], tuple[tuple[str, float], ...]], ...] = (
    (
        ("total", "grand total", "total amount", "amount due", "total due", "balance due", "total price",
         "total cost", "final amount", "bill", "amount payable", "amount", "total sum", "sum"),
        (("grand total", 1.0), ("total due", 1.0), ("total", 0.99), ("amount due", 0.98), ("total amount", 0.98),
         ("balance due", 0.97), ("total to pay", 0.97), ("amount payable", 0.96), ("total payable", 0.96),
         ("invoice total", 0.96), ("order total", 0.96), ("to pay", 0.9), ("balance", 0.85), ("amount", 0.8),
         ("sum", 0.75), ("due", 0.7), ("net total", 0.7)),
    ),
    (("subtotal", "sub total", "net amount", "net"), (("subtotal", 1.0), ("sub total", 1.0), ("net total", 0.85),
     ("net amount", 0.85), ("net", 0.8), ("total before tax", 0.9))),
    (("tax", "vat", "sales tax", "gst", "tax amount"), (("tax", 1.0), ("sales tax", 1.0), ("vat", 0.98), ("gst", 0.95),
     ("mwst", 0.9), ("hst", 0.9), ("iva", 0.9), ("tva", 0.9))),
    (("tip", "gratuity", "service charge"), (("tip", 1.0), ("gratuity", 0.98), ("service charge", 0.9), ("service", 0.8))),
    (("discount", "saving", "rebate"), (("discount", 1.0), ("savings", 0.9), ("you saved", 0.9), ("rebate", 0.9),
     ("coupon", 0.8), ("promo", 0.8))),
    (("change", "change due", "change given"), (("change", 1.0), ("change due", 1.0), ("cash back", 0.8))),
    (("paid", "payment", "amount paid", "cash", "tendered", "pay", "amount tendered"), (("amount paid", 1.0), ("paid", 0.98),
     ("cash", 0.95), ("cash tendered", 1.0), ("tendered", 0.95), ("amount tendered", 1.0), ("payment", 0.9),
     ("card", 0.8), ("visa", 0.7), ("mastercard", 0.7), ("debit", 0.7), ("credit", 0.7))),
    (("payment method", "method payment", "paid with", "pay with"), (("payment method", 1.0), ("paid by", 0.95), ("payment", 0.9),
     ("payment type", 0.95), ("method", 0.8), ("paid with", 0.95), ("tender", 0.8))),
    (("shipping", "delivery", "postage", "shipping cost", "delivery fee"), (("shipping", 1.0), ("delivery", 0.95),
     ("postage", 0.95), ("freight", 0.9), ("delivery fee", 1.0), ("shipping and handling", 0.95))),
    (("invoice number", "number invoice", "invoice id"), (("invoice number", 1.0), ("invoice no", 1.0),
     ("invoice id", 1.0), ("invoice nr", 1.0), ("inv no", 0.95), ("invoice", 0.9), ("number", 0.6), ("no", 0.55))),
    (("receipt number", "number receipt", "transaction number", "transaction id"), (("receipt number", 1.0), ("receipt no", 1.0),
     ("receipt", 0.85), ("transaction", 0.85), ("transaction id", 0.95), ("trans", 0.8), ("trn", 0.8), ("check", 0.6), ("no", 0.5))),
    (("order number", "number order", "order id"), (("order number", 1.0), ("order no", 1.0), ("order id", 1.0),
     ("order", 0.9), ("purchase order", 0.85), ("po number", 0.85), ("no", 0.5))),
    (("customer number", "account number", "number account", "customer id", "account"), (("account number", 1.0), ("account no", 1.0),
     ("customer number", 0.95), ("customer no", 0.95), ("customer id", 0.95), ("account", 0.9), ("acct", 0.9), ("a/c", 0.85))),
    (("due date", "date due", "payment due", "deadline", "due"), (("due date", 1.0), ("payment due", 0.97), ("due", 0.95),
     ("pay by", 0.95), ("due by", 0.95), ("deadline", 0.95), ("date due", 1.0), ("payable by", 0.9))),
    (("date", "invoice date", "issue date", "date issue", "day", "issued", "order date"), (("date", 1.0), ("invoice date", 0.98),
     ("issue date", 0.97), ("date of issue", 0.97), ("issued", 0.95), ("issued on", 0.95), ("dated", 0.95), ("order date", 0.9), ("day", 0.7))),
    (("birth", "date birth", "birthday", "born", "birth date"), (("date of birth", 1.0), ("birth date", 1.0), ("dob", 1.0),
     ("born", 0.95), ("birthday", 0.95))),
    (("expiry", "expiry date", "expiration date", "expire", "expiration", "best before", "valid until"), (("expiry date", 1.0),
     ("expiry", 1.0), ("expiration date", 1.0), ("exp date", 0.95), ("expires", 0.98), ("valid until", 0.95), ("valid to", 0.9),
     ("valid thru", 0.95), ("best before", 0.95), ("use by", 0.9), ("exp", 0.9), ("expires on", 1.0))),
    (("time", "start time", "hour"), (("time", 1.0), ("start time", 0.95), ("start", 0.85), ("starts", 0.85), ("begins", 0.85),
     ("hours", 0.8))),
    (("opening hour", "open", "opening time", "hour operation", "business hour"), (("opening hours", 1.0), ("open", 0.95), ("opens", 0.95),
     ("hours", 0.95), ("opening times", 1.0), ("business hours", 1.0))),
    (("departure", "departure time", "depart", "leave"), (("departure", 1.0), ("departs", 1.0), ("dep", 0.9), ("leaves", 0.9))),
    (("arrival", "arrival time", "arrive"), (("arrival", 1.0), ("arrives", 1.0), ("arr", 0.9))),
    (("sender", "author", "from"), (("from", 1.0), ("sender", 1.0), ("sent by", 0.98), ("bill from", 0.95),
     ("ship from", 0.9), ("author", 0.9), ("written by", 0.9), ("by", 0.7))),
    (("recipient", "addressee", "addressed", "receiver", "billed", "sent", "to"), (("to", 1.0), ("recipient", 1.0), ("bill to", 0.97),
     ("billed to", 0.97), ("ship to", 0.9), ("addressee", 1.0), ("deliver to", 0.9), ("sold to", 0.9), ("dear", 0.85),
     ("attention", 0.85), ("attn", 0.85), ("invoice to", 0.95))),
    (("seller", "vendor", "supplier", "merchant"), (("seller", 1.0), ("vendor", 1.0), ("supplier", 1.0), ("merchant", 1.0),
     ("sold by", 0.95), ("from", 0.8), ("company", 0.8))),
    (("customer", "client", "buyer", "customer name", "name customer", "purchaser"), (("customer", 1.0), ("customer name", 1.0), ("client", 0.98),
     ("buyer", 0.98), ("bill to", 0.93), ("billed to", 0.93), ("sold to", 0.9), ("guest", 0.85), ("name", 0.8))),
    (("cashier", "server", "clerk", "waiter", "served", "operator"), (("cashier", 1.0), ("served by", 1.0), ("server", 0.98), ("clerk", 0.95),
     ("operator", 0.9), ("waiter", 0.95), ("staff", 0.85), ("your server", 0.95))),
    (("name", "full name", "applicant", "person", "holder"), (("name", 1.0), ("full name", 1.0), ("applicant", 0.9), ("applicant name", 0.95),
     ("patient name", 0.85), ("holder", 0.85), ("student name", 0.85), ("patient", 0.8), ("customer name", 0.8))),
    (("first name", "given name", "forename"), (("first name", 1.0), ("given name", 1.0), ("given names", 1.0), ("forename", 1.0))),
    (("last name", "surname", "family name"), (("last name", 1.0), ("surname", 1.0), ("family name", 1.0))),
    (("phone", "phone number", "telephone", "telephone number", "mobile", "contact number"), (("phone", 1.0), ("telephone", 1.0),
     ("tel", 1.0), ("phone number", 1.0), ("mobile", 0.95), ("phone no", 1.0), ("cell", 0.9), ("call", 0.8), ("contact", 0.75), ("ph", 0.85))),
    (("email", "e-mail", "email address", "mail"), (("email", 1.0), ("e-mail", 1.0), ("mail", 0.9), ("email address", 1.0))),
    (("website", "url", "web", "web address", "link", "homepage", "site"), (("website", 1.0), ("web", 0.95), ("url", 1.0),
     ("homepage", 0.9), ("visit", 0.7), ("online", 0.6))),
    (("address", "street", "home address"), (("address", 1.0), ("street", 0.9), ("street address", 1.0), ("home address", 1.0),
     ("location", 0.7))),
    (("location", "venue", "place", "room", "where"), (("location", 1.0), ("venue", 1.0), ("place", 0.95), ("where", 0.95),
     ("room", 0.85), ("address", 0.7))),
    (("subject", "topic", "regarding"), (("subject", 1.0), ("re", 0.95), ("topic", 0.95), ("regarding", 0.95), ("about", 0.7))),
    (("quantity", "qty"), (("quantity", 1.0), ("qty", 1.0), ("count", 0.8), ("units", 0.8), ("pcs", 0.8), ("pieces", 0.8))),
    (("price", "cost", "unit price", "fee", "charge", "rate", "worth"), (("price", 1.0), ("unit price", 0.95), ("cost", 0.95), ("rate", 0.85),
     ("fee", 0.85), ("amount", 0.8), ("each", 0.75))),
    (("zip", "zip code", "postal code", "postcode"), (("zip code", 1.0), ("zip", 1.0), ("postal code", 1.0), ("postcode", 1.0),
     ("post code", 1.0))),
    (("occupation", "job", "job title", "profession", "position"), (("occupation", 1.0), ("job title", 1.0), ("profession", 1.0),
     ("position", 0.95), ("job", 0.95), ("role", 0.9), ("title", 0.8))),
    (("gender", "sex"), (("gender", 1.0), ("sex", 1.0))),
    (("table", "table number"), (("table", 1.0), ("tbl", 0.9), ("table no", 1.0), ("table number", 1.0))),
    (("flight", "flight number"), (("flight", 1.0), ("flight no", 1.0), ("flight number", 1.0))),
    (("seat", "seat number"), (("seat", 1.0), ("seat no", 1.0))),
    (("company", "employer", "organization", "organisation", "business"), (("company", 1.0), ("employer", 0.95), ("organization", 0.95),
     ("organisation", 0.95), ("business", 0.9), ("company name", 1.0))),
)  # fmt: skip

KINDS: tuple[tuple[Kind, str], ...] = (
    ("email", r"\be-?mails?\b"),
    ("phone", r"\b(?:tele)?phone\b|\bmobile\b|\bfax\b|contact number|number (?:to|should i|do i|can i) call|\bcall\b"),
    ("url", r"\bwebsites?\b|\burls?\b|\bweb (?:address|page|site)\b|\bhomepage\b|\blink\b"),
    ("percent", r"\bpercent(?:age)?\b|\bper cent\b|\b(?:tax|vat|gst|interest|discount|growth|commission) rate\b|\brate of (?:tax|vat|interest)\b|%"),
    ("year", r"\byear\b"),
    ("date", r"\bdates?\b|\bdeadline\b|\bbirthday\b|\bwhen\b|\bwhat day\b|\bwhich day\b|\bexpir|\bbest before\b|\bborn\b"),
    ("time", r"\bwhat time\b|\btimes?\b|\bhours?\b|\bo'clock\b|\bdepartures?\b|\barrivals?\b"),
    ("money", r"\bprices?\b|\bcosts?\b|\bhow much\b|\btotal\b|\bsubtotal\b|\btax\b|\bvat\b|\bamount\b|\bbalance\b|\btip\b|"
     r"\bfees?\b|\bcharged?\b|\bdiscount\b|\bchange\b|\bpaid\b|\bgratuity\b|\bdeposit\b|\bsalary\b|\brent\b"),
    ("code", r"\b(?:invoice|order|receipt|account|customer|reference|serial|tracking|policy|flight|booking|ticket|"
     r"registration|passport|licen[cs]e|document|case|item|part|model|room|gate|seat|table|confirmation|transaction|"
     r"member(?:ship)?|patient|student|employee|card|batch|lot)\s*(?:id|number|no\b|nr\b|code|#)|\b(?:id|code|sku|isbn)\b|"
     r"\b(?!(?:the|what|which|a|an|this|that|whole|total|largest|smallest|highest|lowest)\b)\w+ (?:number|no\.|nr\.)(?! of)"),
    ("measure", r"\bhow (?:tall|high|long|wide|far|deep|heavy|fast|thick|old|big|large|hot|cold)\b|"
     r"\b(?:height|weight|length|width|depth|distance|speed|temperature|duration|volume|capacity|age|dosage|dose)\b"),
    ("number", r"\bnumbers?\b|\bhow many\b|\bquantity\b|\bqty\b"),
    ("address", r"\baddress\b"),
    ("name", r"\bwho\b|\bwhose\b|\bname\b|\bcashier\b|\bsender\b|\brecipient\b|\bsignature\b|\bsigned\b|\bauthor\b"),
)  # fmt: skip

FOLD = str.maketrans("01|!5$", "olilss")


def tokens(text: str) -> list[str]:
    """Lower-case words and numbers."""
    return [t for t in re.findall(r"[^\W_]+(?:['’\-/&.][^\W_]+)*", text.lower()) if t]


def _stem(word: str) -> str:
    word = re.sub(r"['’]s$", "", word)
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@lru_cache(maxsize=8192)
def alike(a: str, b: str) -> float:
    """Likeness of two words, 0 to 1: plural and the letters that OCR mixes up are forgiven, numbers are not."""
    if a == b:
        return 1.0
    if a.isdigit() or b.isdigit():
        return 0.0
    a, b = _stem(a), _stem(b)
    if a == b:
        return 1.0
    a, b = a.translate(FOLD).replace("-", ""), b.translate(FOLD).replace("-", "")
    if a == b:
        return 0.97
    if min(len(a), len(b)) < 4:
        return 0.0
    ratio = SequenceMatcher(None, a, b).ratio()
    if min(len(a), len(b)) >= 5 and (a.startswith(b) or b.startswith(a)):
        ratio = max(ratio, 0.82)
    if a[0] != b[0]:
        ratio -= 0.08
    return ratio if ratio >= 0.78 else 0.0


def phrase_match(phrase: Sequence[str], words: Sequence[str]) -> tuple[float, int, int]:
    """Best run of `words` for the phrase: (mean likeness, start, end), order kept, small words skipped."""
    best = (0.0, 0, 0)
    if not phrase:
        return best
    for start in range(len(words)):
        score, position = 0.0, start
        for index, word in enumerate(phrase):
            reach = range(position, min(len(words), position + (1 if index == 0 else 3)))
            hit = max(((alike(word, words[i]), -i) for i in reach), default=(0.0, 0))
            if hit[0] == 0.0 or any(words[i] not in STOP for i in range(position, -hit[1])):
                break
            score, position = score + hit[0], -hit[1] + 1
        else:
            best = max(best, (score / len(phrase), start, position), key=lambda b: (b[0], -(b[2] - b[1])))
    return best


def concepts_of(phrase: Sequence[str]) -> list[tuple[tuple[str, ...], float]]:
    """Label phrases that mean what the phrase of a question means, with weights; the phrase itself first."""
    out: dict[tuple[str, ...], float] = {tuple(phrase): 1.0}
    for triggers, labels in CONCEPTS:
        hits = [t for t in triggers if _same(tokens(t), phrase)]
        if hits:
            for label, weight in labels:
                key = tuple(tokens(label))
                out[key] = max(out.get(key, 0.0), weight * 0.99)
    return list(out.items())


def _same(a: Sequence[str], b: Sequence[str]) -> bool:
    return len(a) == len(b) and all(max(alike(x, y) for y in b) >= 0.9 for x in a)


@lru_cache(maxsize=1)
def _label_words() -> frozenset[str]:
    words = {_stem(t) for _, labels in CONCEPTS for label, _ in labels for t in tokens(label)}
    more = "item description product service class age city state country id no number ref notes comments signature status type"
    return frozenset(words | set(more.split()))


def is_label(text: str) -> bool:
    """Whether a text reads like a label: it ends with a colon, or all its words are label words."""
    if text.rstrip().endswith(":"):
        return True
    words = [w for w in tokens(text) if w not in STOP]
    return bool(words) and len(words) <= 4 and all(_stem(w) in _label_words() for w in words)
