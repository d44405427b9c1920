"""Names, places and goods to make records of: by hand, so that they never change with a library."""

from typing import NamedTuple


class Country(NamedTuple):
    """People of a country. A name reads "as written/as in an e-mail address"; dialling holds no plus."""

    code: str
    dialling: str
    cities: tuple[str, ...]
    given: tuple[str, ...]
    family: tuple[str, ...]
    is_family_first: bool = False


class Goods(NamedTuple):
    """What a category sells, from the cheapest to the dearest list price."""

    category: str
    low_cents: int
    high_cents: int
    nouns: tuple[str, ...]
    variants: tuple[str, ...]


COUNTRIES = (
    Country(
        "US",
        "1202555",
        ("New York", "Austin", "Portland", "Winston-Salem", "St. Louis", "Coeur d'Alene"),
        ("Emma/emma", "Liam/liam", "Olivia/olivia", "Noah/noah", "Ava/ava", "Mary Ann/maryann", "Jamal/jamal"),
        ("Smith/smith", "Johnson/johnson", "O'Brien/obrien", "García/garcia", "Miller/miller", "Washington/washington"),
    ),
    Country(
        "GB",
        "44770090",
        ("London", "Leeds", "Stoke-on-Trent", "King's Lynn", "Bristol"),
        ("Amelia/amelia", "Oliver/oliver", "Isla/isla", "Harry/harry", "Siân/sian", "Mohammed/mohammed"),
        ("Jones/jones", "Patel/patel", "O'Neill/oneill", "Taylor/taylor", "Smith-Davies/smithdavies", "Khan/khan"),
    ),
    Country(
        "DE",
        "4930231",
        ("Berlin", "München", "Köln", "Görlitz", "Halle (Saale)"),
        ("Jörg/joerg", "Sophie/sophie", "Björn/bjoern", "Käthe/kaethe", "Lukas/lukas", "Anna-Lena/annalena"),
        ("Müller/mueller", "Schäfer/schaefer", "Weiß/weiss", "von der Heide/vonderheide", "Öztürk/oeztuerk"),
    ),
    Country(
        "FR",
        "3319900",
        ("Paris", "Lyon", "L'Haÿ-les-Roses", "Saint-Étienne", "Besançon"),
        ("Zoé/zoe", "Léo/leo", "Chloé/chloe", "François/francois", "Anaïs/anais", "Jean-Luc/jeanluc"),
        ("Martin/martin", "Lefèvre/lefevre", "D'Alembert/dalembert", "Garçon/garcon", "N'Diaye/ndiaye"),
    ),
    Country(
        "ES",
        "3491555",
        ("Madrid", "A Coruña", "Sevilla", "León", "L'Hospitalet de Llobregat"),
        ("Lucía/lucia", "Íñigo/inigo", "Martina/martina", "Núria/nuria", "José María/josemaria"),
        ("Muñoz/munoz", "García López/garcialopez", "Peña/pena", "Fernández/fernandez", "Puig i Cadafalch/puig"),
    ),
    Country(
        "PL",
        "4822555",
        ("Warszawa", "Łódź", "Kraków", "Gdańsk", "Bielsko-Biała"),
        ("Łukasz/lukasz", "Zofia/zofia", "Stanisław/stanislaw", "Małgorzata/malgorzata", "Żaneta/zaneta"),
        ("Wójcik/wojcik", "Nowak/nowak", "Zając/zajac", "Żak/zak", "Wróbel-Mazur/wrobelmazur"),
    ),
    Country(
        "SE",
        "4631740",
        ("Stockholm", "Göteborg", "Malmö", "Östersund", "Åre"),
        ("Åsa/asa", "Örjan/orjan", "Elsa/elsa", "Göran/goran", "Maja/maja"),
        ("Lindström/lindstrom", "Åkesson/akesson", "Öberg/oberg", "Nilsson/nilsson"),
    ),
    Country(
        "TR",
        "90212555",
        ("İstanbul", "İzmir", "Şanlıurfa", "Eskişehir"),
        ("Ayşe/ayse", "İbrahim/ibrahim", "Çağla/cagla", "Işıl/isil"),
        ("Yılmaz/yilmaz", "Şahin/sahin", "Çelik/celik", "Öztürk/ozturk"),
    ),
    Country(
        "GR",
        "30210555",
        ("Αθήνα", "Θεσσαλονίκη", "Πάτρα"),
        ("Γιώργος/giorgos", "Ελένη/eleni", "Νίκος/nikos"),
        ("Παπαδόπουλος/papadopoulos", "Γεωργίου/georgiou", "Οικονόμου/oikonomou"),
    ),
    Country(
        "UA",
        "38044555",
        ("Київ", "Львів", "Одеса"),
        ("Ольга/olha", "Андрій/andrii", "Дар'я/daria"),
        ("Шевченко/shevchenko", "Ковальчук/kovalchuk", "Мар'яненко/marianenko"),
    ),
    Country(
        "JP",
        "81355550",
        ("東京", "大阪市", "札幌市"),
        ("さくら/sakura", "健太/kenta", "陽子/yoko"),
        ("山田/yamada", "髙橋/takahashi", "渡邊/watanabe"),
        is_family_first=True,
    ),
    Country(
        "CN",
        "86105555",
        ("北京", "上海", "成都"),
        ("伟/wei", "芳/fang", "秀英/xiuying"),
        ("李/li", "王/wang", "欧阳/ouyang"),
        is_family_first=True,
    ),
    Country(
        "EG",
        "2025555",
        ("القاهرة", "الإسكندرية"),
        ("محمد/mohamed", "فاطمة/fatma", "يوسف/youssef"),
        ("حسن/hassan", "عبد الله/abdallah", "السيد/elsayed"),
    ),
    Country(
        "IN",
        "91115555",
        ("Mumbai", "नई दिल्ली", "Bengaluru", "चेन्नई"),
        ("Priya/priya", "अर्जुन/arjun", "Ananya/ananya", "Raj 🙂/raj"),
        ("Sharma/sharma", "पटेल/patel", "Iyer/iyer", "D'Souza/dsouza"),
    ),
)
# Shares of the countries above, as weights.
COUNTRY_WEIGHTS = (30, 14, 14, 10, 8, 6, 4, 4, 2, 2, 3, 3, 2, 5)

GOODS = (
    Goods(
        "electronics",
        1_499,
        89_999,
        ("headphones", 'monitor 27"', "keyboard", "desk lamp", "power bank 20,000 mAh", "speaker", "webcam"),
        ("", " Pro", ", USB-C", " (2nd generation)", ", black", " – refurbished"),
    ),
    Goods(
        "home",
        599,
        24_999,
        ("kettle", "frying pan", "duvet", "cutlery set", "wall clock", "crème brûlée set"),
        ("", ", large", " 28 cm", ", stone grey", ' "Classic"'),
    ),
    Goods(
        "garden",
        399,
        29_999,
        ("watering can", "rake", "bench", 'hose 3/4"', "bird feeder", "parasol"),
        ("", ", green", " (two parts)", ", galvanised", " XL"),
    ),
    Goods(
        "toys",
        499,
        9_999,
        ("puzzle", "train set", "teddy bear", "building blocks", "kite", "party set 🎉"),
        ("", ", small", " 3+", ", wooden", ' "Dino"'),
    ),
    Goods(
        "sports",
        899,
        39_999,
        ("yoga mat", "football, size 5", "dumbbells 2 × 5 kg", "tennis racket", "water bottle, 750 ml", "tent"),
        ("", ", blue", " Junior", ", red/white", ' "Champion"'),
    ),
    Goods(
        "books",
        499,
        4_999,
        ("cookbook", "atlas", "novel", "guide to birds", "crime story", "dictionary"),
        ("", ", paperback", ", hardcover", " – vol. 2", ' "Bücher & Brücken"'),
    ),
    Goods(
        "grocery",
        99,
        2_999,
        ("coffee", "olive oil 1 l", "chocolate", "green tea", "jalapeño sauce", "rice, 500 g"),
        ("", ", fair trade", ", organic", " – family size", " 6-pack"),
    ),
    Goods(
        "clothing",
        799,
        19_999,
        ("T-shirt", "jeans", "rain jacket", "wool socks", "children's coat", "scarf"),
        ("", ", M", ", XL", ", navy", " – pack of 3"),
    ),
)
GOODS_WEIGHTS = (18, 16, 9, 11, 12, 11, 12, 11)

BRANDS = ("Alto", "Brightwell", "Cedar & Sons", "Düne", "Éclat", "Fjord", "Grano", "Halcyon", "Kumo 雲", "Lumen",
          "Ñandú", "Orbit", "Pixley", "Río", "Sømand", "Tilia")  # fmt: skip
# Notes that some catalogue entries carry on a second line.
SECOND_LINES = ("(pack of two)", "Limited edition", "Clearance: no returns", 'Also known as "the classic"')
SUPPLIERS = ("Acme Trading Ltd", "Smith, Jones & Co.", 'Werkstatt "Altstadt" GmbH', "Société Générale d'Import",
             "Kowalski i Synowie, sp. z o.o.", "東洋商事", "Global Goods Inc.", "O'Hara Wholesale", "Ürün Dağıtım A.Ş.",
             "Nordic Supply AB", "Bharat Exports", "Casa del Jardín, S.L.")  # fmt: skip

SEGMENTS = ("consumer", "small_business", "corporate")
SEGMENT_WEIGHTS = (14, 4, 2)
MAIL_DOMAINS = ("example.com", "example.org", "example.net", "mail.example.com", "post.example.org")
REGIONS = ("north", "south", "east", "west")
PAYMENT_METHODS = ("card", "wallet", "cash", "bank_transfer", "voucher")
PAYMENT_WEIGHTS = (48, 22, 16, 10, 4)
