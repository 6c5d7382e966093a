std = "lua54"
max_line_length = 120
exclude_files = { "build", "build.luarocks", "build-*", "luarocks", "lua_modules", "types" }
files["spec"] = { std = "+busted" }
files["**/*.rockspec"] = { std = "+rockspec" }
files["*.rockspec"] = { std = "+rockspec" }
files["docs/config.ld"] = { std = "+ldoc" }
