--- A shared logoff that 200 processes are told of, against one datagram to each of 200 processes and their answers.
local mapi = require "mapi"
local program = require "bench.program"

return function()
    mapi.profiles.create "shared"
    return program({
        name = "shared_logoff_200", unit = "us",
        what = "a bare program: one datagram to each of 200 processes in poll, and 200 acknowledgements",
    }, "shared logoff 200 11", 1e6)
end
