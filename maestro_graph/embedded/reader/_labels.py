"""Labels that mean the same in everyday documents: general English, a few words of its neighbours."""

from __future__ import annotations

from functools import cache

__all__ = ["concepts"]

# What a question may call a thing -> the labels under which documents print it, with how surely a label means it.
TABLE = """
total, grand total, total amount, amount due, total due, balance due, total price, total cost, final amount,
bill, amount payable, amount, total sum, sum ->
    grand total 1, total due 1, total 0.99, amount due 0.98, total amount 0.98, balance due 0.97, total
    to pay 0.97, amount payable 0.96, total payable 0.96, invoice total 0.96, order total 0.96, to pay
    0.9, balance 0.85, amount 0.8, sum 0.75, due 0.7, net total 0.7

subtotal, sub total, net amount, net ->
    subtotal 1, sub total 1, net total 0.85, net amount 0.85, net 0.8, total before tax 0.9

tax, vat, sales tax, gst, tax amount ->
    tax 1, sales tax 1, vat 0.98, gst 0.95, mwst 0.9, hst 0.9, iva 0.9, tva 0.9

tip, gratuity, service charge ->
    tip 1, gratuity 0.98, service charge 0.9, service 0.8

discount, saving, rebate ->
    discount 1, savings 0.9, you saved 0.9, rebate 0.9, coupon 0.8, promo 0.8

change, change due, change given ->
    change 1, change due 1, cash back 0.8

paid, payment, amount paid, cash, tendered, pay, amount tendered ->
    amount paid 1, paid 0.98, cash 0.95, cash tendered 1, tendered 0.95, amount tendered 1, payment 0.9,
    card 0.8, visa 0.7, mastercard 0.7, debit 0.7, credit 0.7

payment method, method payment, paid with, pay with ->
    payment method 1, paid by 0.95, payment 0.9, payment type 0.95, method 0.8, paid with 0.95, tender
    0.8

shipping, delivery, postage, shipping cost, delivery fee ->
    shipping 1, delivery 0.95, postage 0.95, freight 0.9, delivery fee 1, shipping and handling 0.95

invoice number, number invoice, invoice id ->
    invoice number 1, invoice no 1, invoice id 1, invoice nr 1, inv no 0.95, invoice 0.9, number 0.6, no
    0.55

receipt number, number receipt, transaction number, transaction id ->
    receipt number 1, receipt no 1, receipt 0.85, transaction 0.85, transaction id 0.95, trans 0.8, trn
    0.8, check 0.6, no 0.5

order number, number order, order id ->
    order number 1, order no 1, order id 1, order 0.9, purchase order 0.85, po number 0.85, no 0.5

customer number, account number, number account, customer id, account ->
    account number 1, account no 1, customer number 0.95, customer no 0.95, customer id 0.95, account
    0.9, acct 0.9, a/c 0.85

due date, date due, payment due, deadline, due ->
    due date 1, payment due 0.97, due 0.95, pay by 0.95, due by 0.95, deadline 0.95, date due 1, payable
    by 0.9

date, invoice date, issue date, date issue, day, issued, order date ->
    date 1, invoice date 0.98, issue date 0.97, date of issue 0.97, issued 0.95, issued on 0.95, dated
    0.95, order date 0.9, day 0.7

birth, date birth, birthday, born, birth date ->
    date of birth 1, birth date 1, dob 1, born 0.95, birthday 0.95

expiry, expiry date, expiration date, expire, expiration, best before, valid until ->
    expiry date 1, expiry 1, expiration date 1, exp date 0.95, expires 0.98, valid until 0.95, valid to
    0.9, valid thru 0.95, best before 0.95, use by 0.9, exp 0.9, expires on 1

time, start time, hour ->
    time 1, start time 0.95, start 0.85, starts 0.85, begins 0.85, hours 0.8

opening hour, open, opening time, hour operation, business hour ->
    opening hours 1, open 0.95, opens 0.95, hours 0.95, opening times 1, business hours 1

departure, departure time, depart, leave ->
    departure 1, departs 1, dep 0.9, leaves 0.9

arrival, arrival time, arrive ->
    arrival 1, arrives 1, arr 0.9

sender, author, from ->
    from 1, sender 1, sent by 0.98, bill from 0.95, ship from 0.9, author 0.9, written by 0.9, by 0.7

recipient, addressee, addressed, receiver, billed, sent, to ->
    to 1, recipient 1, bill to 0.97, billed to 0.97, ship to 0.9, addressee 1, deliver to 0.9, sold to
    0.9, dear 0.85, attention 0.85, attn 0.85, invoice to 0.95

seller, vendor, supplier, merchant ->
    seller 1, vendor 1, supplier 1, merchant 1, sold by 0.95, from 0.8, company 0.8

customer, client, buyer, customer name, name customer, purchaser ->
    customer 1, customer name 1, client 0.98, buyer 0.98, bill to 0.93, billed to 0.93, sold to 0.9,
    guest 0.85, name 0.8

cashier, server, clerk, waiter, served, operator ->
    cashier 1, served by 1, server 0.98, clerk 0.95, operator 0.9, waiter 0.95, staff 0.85, your server
    0.95

name, full name, applicant, person, holder ->
    name 1, full name 1, applicant 0.9, applicant name 0.95, patient name 0.85, holder 0.85, student
    name 0.85, patient 0.8, customer name 0.8

first name, given name, forename ->
    first name 1, given name 1, given names 1, forename 1

last name, surname, family name ->
    last name 1, surname 1, family name 1

phone, phone number, telephone, telephone number, mobile, contact number ->
    phone 1, telephone 1, tel 1, phone number 1, mobile 0.95, phone no 1, cell 0.9, call 0.8, contact
    0.75, ph 0.85

email, e-mail, email address, mail ->
    email 1, e-mail 1, mail 0.9, email address 1

website, url, web, web address, link, homepage, site ->
    website 1, web 0.95, url 1, homepage 0.9, visit 0.7, online 0.6

address, street, home address ->
    address 1, street 0.9, street address 1, home address 1, location 0.7

location, venue, place, room, where ->
    location 1, venue 1, place 0.95, where 0.95, room 0.85, address 0.7

subject, topic, regarding ->
    subject 1, re 0.95, topic 0.95, regarding 0.95, about 0.7

quantity, qty ->
    quantity 1, qty 1, count 0.8, units 0.8, pcs 0.8, pieces 0.8

price, cost, unit price, fee, charge, rate, worth ->
    price 1, unit price 0.95, cost 0.95, rate 0.85, fee 0.85, amount 0.8, each 0.75

zip, zip code, postal code, postcode ->
    zip code 1, zip 1, postal code 1, postcode 1, post code 1

occupation, job, job title, profession, position ->
    occupation 1, job title 1, profession 1, position 0.95, job 0.95, role 0.9, title 0.8

gender, sex ->
    gender 1, sex 1

table, table number ->
    table 1, tbl 0.9, table no 1, table number 1

flight, flight number ->
    flight 1, flight no 1, flight number 1

seat, seat number ->
    seat 1, seat no 1

company, employer, organization, organisation, business ->
    company 1, employer 0.95, organization 0.95, organisation 0.95, business 0.9, company name 1
"""


@cache
def concepts() -> tuple[tuple[tuple[str, ...], tuple[tuple[str, float], ...]], ...]:
    """(names of a thing, (label, weight) …) for each thing of the table."""
    out = []
    for entry in TABLE.strip().split("\n\n"):
        names, labels = " ".join(entry.split()).split(" ->")
        weighted = [label.rpartition(" ") for label in labels.split(",")]
        out.append(
            (
                tuple(name.strip() for name in names.split(",")),
                tuple((label.strip(), float(weight)) for label, _, weight in weighted),
            )
        )
    return tuple(out)
