"""500 strings that have broken pages, terminals and queries: each kind alone, in a name, doubled, and cut short."""

_SEEDS = (
    # markup
    "<script>alert(1)</script>", "</td></table><h1>", "<img src=x onerror=alert(1)>", "<!--", "-->", "]]>", "<![CDATA[",
    "<svg/onload=alert(1)>", "&lt;b&gt;", "&amp;&#x3c;", "&#0;", "</style><style>*{display:none}", "</title>",
    "{{ 7 * 7 }}", "{% raw %}", "{# no #}", "${7*7}", "<%= 1 %>", "javascript:alert(1)", "\"><a href='x'>",
    # quotes and queries
    "'", '"', "`", "''", "\\", "\\'", "'; DROP TABLE audit.runs; --", "1 OR 1=1", "%s %(run_key)s %%", "O'Brien",
    # control characters, as they come out of broken exports
    "a\x00b", "\x01\x02\x03", "\x1b[31mred\x1b[0m", "\x07", "a\tb", "a\r\nb", "\x7f", "\x85", "a\u2028b", "\ufeffname",
    # direction
    "\u202egnp.exe", "\u2066left\u2069", "\u200f\u200e", "שלום עולם", "مرحبا بالعالم", "abc אבג 123", "\u061c",
    # letters of the world
    "Zoë Ångström", "北京市", "ロシア", "한국어", "Ελλάδα", "Ўзбекистон", "ไทย", "हिन्दी", "ꜷ", "ﬀ", "ẞ", "İstanbul",
    # emoji, joined and coloured, and letters under towers of marks
    "🎁", "👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇩🇪", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘", "ｆｕｌｌｗｉｄｔｈ",
    # nothing, nearly nothing, what looks like something else, too much
    " ", "\u00a0", "\u200b", "null", "None", "NaN", "-0", "1e309", "0x10", "=1+1", "@SUM(1)", "undefined", "true",
    "x" * 5000, "word " * 400, "\ud800", "\ue000", "\ufffe", "\U000e0041", "$x^2$", "\\frac{1}{0}",
)  # fmt: skip
_WRAPPINGS = ("{}", "Ann {} Smith", "{0}{0}", "<{}>", '"{}"', "{}\n")

NAUGHTY = list(dict.fromkeys(wrapping.format(seed) for wrapping in _WRAPPINGS for seed in _SEEDS))[:500]
