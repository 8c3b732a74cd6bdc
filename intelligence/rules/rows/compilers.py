"""Rows for source that does not compile, parse or link."""

from intelligence.rules.types import Rule as R

# fmt: off
RULES: tuple[R, ...] = (
    R("COMPILE_ERROR", 0.96, r"""
        [\w./+@-]+\.c:\d+(?::\d+)?: (?:fatal )?error:?[ ]
        [\w./+@-]+\.cc:\d+(?::\d+)?: (?:fatal )?error:?[ ]
        [\w./+@-]+\.cpp:\d+(?::\d+)?: (?:fatal )?error:?[ ]
        [\w./+@-]+\.cxx:\d+(?::\d+)?: (?:fatal )?error:?[ ]
        [\w./+@-]+\.h:\d+(?::\d+)?: (?:fatal )?error:?[ ]
        [\w./+@-]+\.hpp:\d+(?::\d+)?: (?:fatal )?error:?[ ]
        [\w./+@-]+\.hh:\d+(?::\d+)?: (?:fatal )?error:?[ ]
        [\w./+@-]+\.m:\d+(?::\d+)?: (?:fatal )?error:?[ ]
        [\w./+@-]+\.mm:\d+(?::\d+)?: (?:fatal )?error:?[ ]
        [\w./+@-]+\.cu:\d+(?::\d+)?: (?:fatal )?error:?[ ]
        [\w./+@-]+\.s:\d+(?::\d+)?: (?:fatal )?error:?[ ]
        [\w./+@-]+\.S:\d+(?::\d+)?: (?:fatal )?error:?[ ]
        [\w./+@-]+\.swift:\d+(?::\d+)?: (?:fatal )?error:?[ ]
        [\w./+@-]+\.kt:\d+(?::\d+)?: (?:fatal )?error:?[ ]
        [\w./+@-]+\.scala:\d+(?::\d+)?: (?:fatal )?error:?[ ]
        [\w./+@-]+\.d:\d+(?::\d+)?: (?:fatal )?error:?[ ]
        [\w./+@-]+\.zig:\d+(?::\d+)?: (?:fatal )?error:?[ ]
        [\w./+@-]+\.f90:\d+(?::\d+)?: (?:fatal )?error:?[ ]
        [\w./+@-]+\.proto:\d+(?::\d+)?: (?:fatal )?error:?[ ]
    """, unless=r"No such file or directory$|file not found$"),
    R("COMPILE_ERROR", 0.92, r"""
        undefined reference to <q>(?P<subject>[^'"\n]+?)<q>
        undefined symbol: (?P<subject>\S+)
        Undefined symbols for architecture
        multiple definition of <q>(?P<subject>[^'"]+)
        duplicate symbol
        collect2: error: ld returned
        linker command failed
        error: linking with `
        ld: symbol\(s\) not found
    """),
    R("COMPILE_ERROR", 0.95, r"""
        (?P<subject>[\w./@\[\]-]+\.(?:ts|tsx|mts|cts|vue)[:(]\d+[,:]\d+\)?)(?:: | - )error TS\d+
        error TS\d+:[ ]
    """, unless=r"TS2307"),
    R("COMPILE_ERROR", 0.93, r"""
        (?P<subject>[\w./-]+\.(?:java|kt|groovy|scala):(?:\[?\d+[,\]:\d]*)?):? ?(?:error|\[ERROR\])
        COMPILATION ERROR
        (?P<subject>[\w./-]+\.(?:java|kt):\[\d+,\d+\])
        error: cannot find symbol
        error: incompatible types
        Compilation failed; see the compiler
        e: (?:file://)?(?P<subject>\S+\.kt:\d+)
        error: reached end of file while parsing
        error: <q>;<q> expected
        Unresolved compilation problem
    """),
    R("COMPILE_ERROR", 0.95, r"""
        (?P<subject>[\w./-]+\.go:\d+:\d+): undefined:[ ]
        (?P<subject>[\w./-]+\.go:\d+:\d+): syntax error
        (?P<subject>[\w./-]+\.go:\d+:\d+): cannot use
        (?P<subject>[\w./-]+\.go:\d+:\d+): too many arguments
        (?P<subject>[\w./-]+\.go:\d+:\d+): not enough arguments
        (?P<subject>[\w./-]+\.go:\d+:\d+): missing return
        (?P<subject>[\w./-]+\.go:\d+:\d+): declared (?:and|but) not used
        (?P<subject>[\w./-]+\.go:\d+:\d+): "\S+" imported (?:and|but) not used
        (?P<subject>[\w./-]+\.go:\d+:\d+): imported and not used
        (?P<subject>[\w./-]+\.go:\d+:\d+): assignment mismatch
        (?P<subject>[\w./-]+\.go:\d+:\d+): invalid operation
        (?P<subject>[\w./-]+\.go:\d+:\d+): cannot[ ]
        (?P<subject>[\w./-]+\.go:\d+:\d+): unknown field
        (?P<subject>[\w./-]+\.go:\d+:\d+): expected[ ]
        (?P<subject>[\w./-]+\.go:\d+:\d+): non-name
        (?P<subject>[\w./-]+\.go:\d+:\d+): no new variables
        (?P<subject>[\w./-]+\.go:\d+:\d+): redeclared
        (?P<subject>[\w./-]+\.go:\d+:\d+): duplicate[ ]
        (?P<subject>[\w./-]+\.go:\d+:\d+): missing[ ]
        (?P<subject>[\w./-]+\.go:\d+:\d+): undefined
        (?P<subject>[\w./-]+\.go:\d+:\d+): unexpected[ ]
        (?P<subject>[\w./-]+\.go:\d+:\d+): undefined
        \[build failed\]
        (?P<subject>\S+\.go:\d+:\d+): \S+ redeclared
    """),
    R("COMPILE_ERROR", 0.92, r"""
        error\[E(?P<subject>\d{4})\]
        error: expected .*, found[ ]
        ^error: cannot find (?:macro|derive|attribute)
        error: this file contains an unclosed delimiter
        error: mismatched closing
    """, unless=r"E0463|E0433|E0432"),
    R("COMPILE_ERROR", 0.9, r"""
        (?:SyntaxError|IndentationError|TabError): (?P<subject>[^\n]+)
    """, unless=r"(?i)JSON|json\.parse|position \d+|at or near|near \""),
    R("COMPILE_ERROR", 0.88, r"""
        PHP Parse error:  (?P<subject>[^\n]+)
        Parse error: (?P<subject>syntax error[^\n]+)
        syntax error, unexpected (?P<subject>[^\n]{1,80})
        Errors parsing \S+
        syntax error near unexpected token (?P<subject>\S+)
        syntax error: unexpected (?P<subject>[^\n]{1,60})
        (?:Unterminated|unterminated) (?:string|quoted|heredoc|regexp)
        unexpected end of file
        unexpected EOF while looking for
        \.rb:\d+: syntax error
    """, unless=r"(?i)json|ya?ml|nginx"),
    R("COMPILE_ERROR", 0.85, r"""
        Transform failed with \d+ error
        Build failed with \d+ error
        \[ERROR\] (?P<subject>(?:Unexpected|Expected) [^\n]+)
        RollupError: (?P<subject>[^\n]+)
        Parsing error:[ ]
        error CS\d{4}: (?P<subject>[^\n]+)
        error FS\d{4}
        error BC\d+
        error MSB\d+
        Unexpected token .*\(\d+:\d+\)
        Type error: (?P<subject>[^\n]+)
        Compilation error
        Compile error
        TSError:[ ]
        Unable to compile TypeScript
        error: <q>?\S+<q>? undeclared
        CMake Error(?: at (?P<subject>\S+:\d+))?
        ninja: build stopped
        ninja: error
        gyp ERR! build error
        No rule to make target <q>(?P<subject>[^'"]+)
        missing separator\.  Stop
        protoc.*error
        \*\* \(CompileError\)
        == Compilation error in file (?P<subject>\S+)
        Sass::SyntaxError
        CssSyntaxError
        SassError
        error: Build input file cannot be found
        xcodebuild: error
    """, unless=r"0 error"),
    R("COMPILE_ERROR", 0.86, r"""
        error: could not compile `(?P<subject>[^`]+)`
        error: aborting due to \d* ?previous error
    """, but_not="clippy"),
    R("COMPILE_ERROR", 0.92, r"""
        (?P<subject>[\w./-]+\.s[ac]ss \d+:\d+)  \w
        Error compiling Cython file
        (?P<subject>[\w./-]+\.proto:\d+:\d+):[ ]
    """),
    R("COMPILE_ERROR", 0.58, r"""
        Failed to compile
        Module (?:parse|build) failed
    """),
)
