--- mapi.bodies: HTML to text, text to HTML, code pages.
local bodies = require "mapi.bodies"

describe("mapi.bodies.to_text", function()
    local cases = {
        { "drops tags", "<b>bold</b> <i>text</i>", "bold text" },
        { "collapses white space", "a \n\t b", "a b" },
        { "breaks lines at block elements", "<div>a</div><div>b</div>", "a\nb" },
        { "sets paragraphs apart", "<p>a</p><p>b</p>", "a\n\nb" },
        { "breaks lines at br", "a<br>b<BR/>c", "a\nb\nc" },
        { "keeps empty lines of several br", "a<br><br>b", "a\n\nb" },
        { "drops scripts, styles and the head",
          "<head><title>t</title></head>a<script>if (a<b) x()</script><style>p{}</style>b", "ab" },
        { "drops comments and declarations", "<!DOCTYPE html><!-- <p> -->a<!-- x -->b<?xml?>", "ab" },
        { "reads lists", "<ul><li>a<li>b</ul>c", "- a\n- b\n\nc" },
        { "reads tables", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc" },
        { "keeps the lines of pre", "<pre>  a\n  b</pre>", "  a\n  b" },
        { "resolves names", "&lt;&amp;&gt;&quot;&eacute;&euro;&hellip;", '<&>"é€…' },
        { "resolves numbers", "&#233;&#xE9;&#X20AC;", "éé€" },
        { "reads C1 numbers as Windows does", "&#128;&#150;", "€–" },
        { "makes nonsense visible", "&#0;&#xD800;&#x110000;&#99999999999;", "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}" },
        { "knows old names without semicolon", "AT&amp T &copy 2", "AT& T © 2" },
        { "leaves unknown names", "&unknown; & &;", "&unknown; & &;" },
        { "leaves a lone <", "1 < 2 <3", "1 < 2 <3" },
        { "finds the end of a tag behind quotes", '<a title="a>b" href=\'c>d\'>x</a>', "x" },
        { "survives quotes without end", '<a title="x>y</a>', "y" },
        { "survives comments without end", "a<!-- b", "a" },
        { "survives tags without end", "a<b", "a" },
        { "makes no-break spaces plain", "a&nbsp;&nbsp;b", "a  b" },
        { "has nothing to say of nothing", "", "" },
    }
    for _, case in ipairs(cases) do
        it(case[1], function()
            assert.equal(case[3], bodies.to_text(case[2]))
        end)
    end

    it("takes time in proportion to hostile input", function()
        local pieces = { "<a '", '<a "', "<!--", "<script>", "<", "< ", "&", "<a'", "&#", "<pre>", "</", "<p>" }
        for _, piece in ipairs(pieces) do
            assert.equal("string", type(bodies.to_text(piece:rep(50000))))
        end
    end)
end)

describe("mapi.bodies.to_html", function()
    it("escapes, and keeps lines and blanks", function()
        local html = bodies.to_html 'a <b> & "c"\r\n  d\te\rf'
        assert.truthy(html:find("a &lt;b&gt; &amp; &quot;c&quot;<br>\n", 1, true))
        assert.truthy(html:find("utf-8", 1, true))
        assert.equal('a <b> & "c"\n  d    e\nf', bodies.to_text(html))
    end)

    -- A run of blanks was searched for its end from each of its blanks: half a megabyte of them took hours.
    it("does not start over at each blank", function()
        local blanks = (" "):rep(500000)
        assert.equal(blanks .. "x\n\ny", bodies.to_text("<pre>" .. blanks .. "x" .. blanks .. "</pre>y"))
        assert.equal(blanks .. "x", bodies.to_text(("&nbsp;"):rep(500000) .. "x" .. ("&nbsp;\n"):rep(200000)))
        assert.equal("", bodies.to_text(("<pre>" .. blanks .. "\n"):rep(3)))
    end)
end)

describe("mapi.bodies.decode", function()
    it("reads Windows-1252 and takes Latin-1 for it", function()
        assert.equal("Grüße €", bodies.decode("Gr\xfc\xdfe \x80", 1252))
        assert.equal("Grüße €", bodies.decode("Gr\xfc\xdfe \x80", 28591))
        assert.equal("\u{FFFD}", bodies.decode("\x81", 1252))
    end)

    it("leaves UTF-8, and repairs it", function()
        assert.equal("Grüße", bodies.decode("Grüße", 65001))
        assert.equal("Gr\u{FFFD}\u{FFFD}e ü", bodies.decode("Gr\xfc\xdfe ü", 65001))
        assert.equal("\u{FFFD}", bodies.decode("\xed", 65001))
    end)

    it("finds out where nobody says", function()
        assert.equal("Grüße", bodies.decode("Grüße", 0))
        assert.equal("Grüße", bodies.decode("Gr\xfc\xdfe", 0))
    end)
end)
