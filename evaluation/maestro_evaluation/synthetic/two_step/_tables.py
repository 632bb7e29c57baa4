"""What tables, charts and receipts are about. The splits share none of them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RECEIPTS", "TABLES", "Table"]


@dataclass(frozen=True, slots=True)
class Table:
    """Names of rows, and between which numbers (receipts: cents) their values lie."""

    title: str
    column: str
    rows: tuple[str, ...]
    low: int
    high: int


TABLES = (
    Table("Depot", "Parcels", ("Oslo", "Rome", "Cairo", "Lima", "Quito", "Paris", "Seoul", "Delhi"), 12, 240),
    Table("Library", "Books", ("History", "Poetry", "Travel", "Science", "Music", "Cooking", "Law", "Drama"), 20, 400),
    Table("Harbour", "Ships", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), 5, 90),
    Table("Orchard", "Crates", ("Apple", "Pear", "Plum", "Cherry", "Quince", "Peach", "Apricot"), 10, 300),
    Table("Club", "Members", ("Chess", "Rowing", "Choir", "Judo", "Tennis", "Dance", "Fencing"), 12, 180),
    Table("Workshop", "Bolts", ("Anna", "Boris", "Clara", "David", "Emma", "Felix", "Greta"), 15, 200),
    Table("Farm", "Animals", ("Sheep", "Goats", "Ducks", "Cows", "Hens", "Geese", "Ponies"), 6, 150),
    Table("Cinema", "Seats", ("Red Hall", "Blue Hall", "Gold Hall", "Studio", "Balcony", "Terrace"), 24, 360),
    Table("Railway", "Wagons", ("North", "South", "East", "West", "Coast", "Valley", "Airport"), 8, 96),
    Table("Bakery", "Loaves", ("Rye", "Wheat", "Spelt", "Oat", "Corn", "Barley", "Potato"), 14, 220),
    Table("Museum", "Visitors", ("April", "May", "June", "July", "August", "March"), 100, 900),
    Table("School", "Pupils", ("Class A", "Class B", "Class C", "Class D", "Class E", "Class F"), 14, 36),
)

RECEIPTS = (
    Table("Corner Shop", "Price", ("Bread", "Milk", "Cheese", "Apples", "Butter", "Eggs", "Honey", "Rice"), 80, 900),
    Table("Stationer", "Price", ("Pencil", "Ruler", "Eraser", "Folder", "Stapler", "Marker", "Diary"), 50, 1500),
    Table("Cafe Lima", "Price", ("Coffee", "Tea", "Cake", "Toast", "Juice", "Soup", "Salad", "Bagel"), 150, 1100),
    Table("Hardware", "Price", ("Hammer", "Nails", "Paint", "Brush", "Screws", "Rope", "Lamp"), 200, 3000),
    Table("Garden Barn", "Price", ("Soil", "Seeds", "Spade", "Hose", "Bulbs", "Gloves", "Rake"), 150, 2500),
    Table("Book Nook", "Price", ("Novel", "Atlas", "Comic", "Guide", "Poster", "Calendar"), 300, 2800),
)
