--- What every benchmark shares: interleaved runs, medians, the table and build/bench.json.
local clock = require "mapi.baseline"

local harness = { now = clock.now }

--- The middle of a list of numbers; of an even number of them, the mean of the middle two.
function harness.median(list)
    local sorted = table.move(list, 1, #list, 1, {})
    table.sort(sorted)
    local half = #sorted // 2
    if #sorted % 2 == 1 then
        return sorted[half + 1]
    end
    return (sorted[half] + sorted[half + 1]) / 2
end

--- Seconds that `body(count)` takes, from a collected heap.
local function timed(body, count)
    collectgarbage()
    collectgarbage()
    local from = clock.now()
    body(count)
    return clock.now() - from
end

--- A count for which `body` runs at least `seconds`, found by doubling; warms every cache on the way.
local function calibrate(body, seconds)
    local count = 1
    while timed(body, count) < seconds do
        count = count * 2
    end
    return count
end

--- Runs two bodies in turn and compares the medians.
-- @param spec.name     name of the figure
-- @param spec.unit     "ns", "us", "ms": what one iteration is printed in
-- @param spec.ours     function(count): our side, `count` times
-- @param spec.reference function(count): the other side, as often
-- @param spec.runs     interleaved runs of each (11 if absent, never fewer than 5)
-- @param spec.count    iterations of a run; found by calibration if absent
-- @return { name, ratio, ours, reference, unit }
function harness.compare(spec)
    local scale = assert(({ ns = 1e9, us = 1e6, ms = 1e3 })[spec.unit], "unknown unit")
    local runs = math.max(5, spec.runs or 11)
    local count = spec.count
        or math.max(calibrate(spec.ours, 0.05), calibrate(spec.reference, 0.05))
    local ours, reference = {}, {}
    for run = 1, runs do
        -- Whoever comes second finds a warmer machine, so the order changes with every run.
        if run % 2 == 1 then
            ours[run] = timed(spec.ours, count)
            reference[run] = timed(spec.reference, count)
        else
            reference[run] = timed(spec.reference, count)
            ours[run] = timed(spec.ours, count)
        end
    end
    return harness.result(spec, ours, reference, scale / count)
end

--- Makes a result of two lists of seconds, multiplied by `scale` into the unit.
function harness.result(spec, ours, reference, scale)
    local mine, theirs = harness.median(ours) * scale, harness.median(reference) * scale
    return {
        name = spec.name, ratio = mine / theirs, ours = mine, reference = theirs, unit = spec.unit, what = spec.what,
    }
end

--- Prints the results as a table.
function harness.print(results, out)
    out:write(string.format("%-18s %7s %14s %14s  %s\n", "benchmark", "ratio", "ours", "reference", "compared with"))
    for _, r in ipairs(results) do
        out:write(string.format("%-18s %7.2f %11.1f %-2s %11.1f %-2s  %s\n", r.name, r.ratio, r.ours, r.unit,
            r.reference, r.unit, r.what))
    end
end

--- Writes the results as a JSON array of { name, ratio, ours, reference, unit }.
function harness.write(results, path)
    local lines = {}
    for i, r in ipairs(results) do
        lines[i] = string.format('  {"name": "%s", "ratio": %.4f, "ours": %.3f, "reference": %.3f, "unit": "%s"}',
            r.name, r.ratio, r.ours, r.reference, r.unit)
    end
    local file = assert(io.open(path, "w"))
    assert(file:write("[\n", table.concat(lines, ",\n"), "\n]\n"))
    assert(file:close())
end

return harness
