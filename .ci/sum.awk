# Adds up what ctest's log of a run holds: cmocka and busted programs by their own counts, every other program as one.
# A program that failed without counting a failure (a crash, a sanitizer's report) is one failure.

/^[0-9]+\/[0-9]+ Testing: / { name = $3; good = bad = skipped = counted = 0 }

# cmocka
/^\[  PASSED  \] [0-9]+ test/ { good += $4; counted = 1 }
/^\[  FAILED  \] [0-9]+ test/ { bad += $4; counted = 1 }
/^\[  SKIPPED \] [0-9]+ test/ { skipped += $4 }

# busted: "12 successes / 0 failures / 0 errors / 1 pending : 0.2 seconds"
/^[0-9]+ success(es)? \/ [0-9]+ failures? \/ [0-9]+ errors? \/ [0-9]+ pending/ {
    good += $1; bad += $4 + $7; skipped += $10; counted = 1
}

/^Test Passed\.$/ { close_program(1) }
/^Test Failed\.$/ { close_program(0) }
/^Test (time = .* )?(Timeout|TIMEOUT|timed out)/ { }

function close_program(ok) {
    if (name == "") return
    if (!counted && ok) good = 1
    if (!ok && bad == 0) bad = 1
    passed += good; failed += bad; left_out += skipped; programs++
    name = ""
}

END {
    if (left_out) printf "%d left out: they say why in the log\n", left_out
    if (programs == 0) failed++
    printf "%d passed, %d failed\n", passed, failed
    exit failed ? 1 : 0
}
