--- Cost against size: what lists of mail cost in folders of a thousand to a million messages, as a table in Markdown
-- and a plot in SVG. `make bench-sizes` writes docs/speed.md and docs/speed.svg.
local generated = require "bench.generated"
local importing = require "bench.importing"

local directory = assert(arg[1], "usage: sizes.lua DIRECTORY")
local sizes = { 1000, 10000, 100000, 1000000 }
local names = { "table_first_page", "table_seek", "table_scan", "contains", "open_message", "import_floor" }
local colours = { "#1b6ca8", "#c8553d", "#3a7d44", "#7b4b94", "#b8860b", "#444444" }
local titles = { import_floor = "import" }
local microseconds = { ns = 1e-3, us = 1, ms = 1e3 }

importing.messages = 200 -- so few that the folder stays about as large as it is

local function title(name)
    return titles[name] or name
end

local function grouped(number)
    local text = tostring(number):reverse():gsub("(%d%d%d)", "%1,"):reverse()
    return (text:gsub("^,", ""))
end

local function measure()
    local results = {}
    for i, size in ipairs(sizes) do
        io.stderr:write("a store of ", grouped(size), "\n")
        local made = generated.make(size)
        results[i] = { size = size, seconds = made.seconds }
        for _, name in ipairs(names) do
            local result = require("bench." .. name)(made)
            local scale = microseconds[result.unit]
            results[i][name] = { ours = result.ours * scale, reference = result.reference * scale }
        end
        generated.close(made)
    end
    return results
end

local function duration(value)
    if value < 1000 then
        return ("%.1f µs"):format(value)
    elseif value < 1e6 then
        return ("%.1f ms"):format(value / 1e3)
    end
    return ("%.2f s"):format(value / 1e6)
end

local function table_text(results)
    local lines = {
        "| messages | making the store |",
        "|---:|---:|" .. ("---:|"):rep(#names),
    }
    for _, name in ipairs(names) do
        lines[1] = lines[1] .. " " .. title(name) .. " |"
    end
    for _, result in ipairs(results) do
        local cells = { grouped(result.size), ("%.1f s"):format(result.seconds) }
        for _, name in ipairs(names) do
            local value = result[name]
            cells[#cells + 1] = ("%s (%.2f)"):format(duration(value.ours), value.ours / value.reference)
        end
        lines[#lines + 1] = "| " .. table.concat(cells, " | ") .. " |"
    end
    return table.concat(lines, "\n")
end

local WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 460, 80, 20, 180, 50
local LOWEST, HIGHEST = 0, 7 -- decades of microseconds

local function x_of(size)
    return LEFT + (math.log(size, 10) - 3) / 3 * (WIDTH - LEFT - RIGHT)
end

local function y_of(value)
    return TOP + (HIGHEST - math.log(value, 10)) / (HIGHEST - LOWEST) * (HEIGHT - TOP - BOTTOM)
end

local function plot_text(results)
    local out = { ([[
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">
<rect width="100%%" height="100%%" fill="#ffffff"/>]]):format(WIDTH, HEIGHT) }
    local function add(...)
        out[#out + 1] = (...):format(select(2, ...))
    end
    for decade = LOWEST, HIGHEST do
        local y = y_of(10 ^ decade)
        add('<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#dddddd"/>', LEFT, y, WIDTH - RIGHT, y)
        add('<text x="%d" y="%.1f" text-anchor="end">%s</text>', LEFT - 8, y + 4,
            (duration(10 ^ decade):gsub("%.0+ ", " ")))
    end
    for _, size in ipairs(sizes) do
        add('<text x="%.1f" y="%d" text-anchor="middle">%s</text>', x_of(size), HEIGHT - BOTTOM + 22, grouped(size))
    end
    add('<text x="%.1f" y="%d" text-anchor="middle">messages in the folder</text>',
        (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8)
    for n, name in ipairs(names) do
        local points = {}
        for i, result in ipairs(results) do
            points[i] = ("%.1f,%.1f"):format(x_of(result.size), y_of(result[name].ours))
        end
        add('<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>', table.concat(points, " "), colours[n])
        add('<text x="%d" y="%.1f" fill="%s">%s</text>', WIDTH - RIGHT + 8, y_of(results[#results][name].ours) + 4,
            colours[n], title(name))
    end
    out[#out + 1] = "</svg>\n"
    return table.concat(out, "\n")
end

local function write(name, text)
    local file <close> = assert(io.open(directory .. "/" .. name, "w"))
    assert(file:write(text))
end

local results = measure()
write("speed.svg", plot_text(results))
write("speed.md", ([[
# Cost against size

What lists of mail cost in a folder of a thousand to a million messages; in brackets the ratio to what it is compared
with (`bench/README.md` says what each of them does). `make bench-sizes` has written this page.

%s

A first page and the opening of a message cost the same however large the folder is, because an index leads to them.
Seeking goes through the index from the nearer end; a scan and a search look at every row. `import` is what one message
costs of an mbox file that is imported into the folder; what it is compared with fills a new database.

![Cost against size](speed.svg)
]]):format(table_text(results)))
