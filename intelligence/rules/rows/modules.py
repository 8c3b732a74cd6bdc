"""Rows for modules, libraries and headers that are absent."""

from intelligence.rules.types import Rule as R

# fmt: off
RULES: tuple[R, ...] = (
    R("MISSING_MODULE", 0.96, r"""
        (?:ModuleNotFoundError|ImportError): No module named <q>?(?P<subject>[\w.-]+)
        No module named <q>?(?P<subject>[\w.-]+)
    """),
    R("MISSING_MODULE", 0.9, r"""
        ImportError: cannot import name <q>(?P<subject>[\w.]+)
        ImportError: (?P<subject>\S+\.so[\w.]*): cannot open shared object
        ImportError: (?P<subject>[^\n]+)
    """, unless=r"attempted relative import"),
    R("MISSING_MODULE", 0.95, r"""
        error while loading shared libraries: (?P<subject>[^:\s]+)
        (?P<subject>\S+\.so[\w.]*): cannot open shared object file
        (?P<subject>\S+): version <q>GLIBC\S+<q> not found
        dlopen\(.*image not found
        Library not loaded: (?P<subject>\S+)
        Error loading shared library (?P<subject>\S+):
        UnsatisfiedLinkError
        System\.DllNotFoundException
        Unable to load DLL
    """),
    R("MISSING_MODULE", 0.93, r"""
        Cannot find (?:module|package) <q>(?P<subject>[^'"`]+)
        ERR_MODULE_NOT_FOUND
        MODULE_NOT_FOUND\b
        Can't resolve <q>(?P<subject>[^'"`]+)
        Could not resolve (?:import )?\\?<q>(?P<subject>[^'"`\\]+)
        Failed to resolve import <q>(?P<subject>[^'"`]+)
        Module not found:[ ]
        Rollup failed to resolve import <q>(?P<subject>[^'"`]+)
        error TS2307:[ ]
        Cannot resolve module
    """, unless=r"Could not resolve (?:host|dependency)"),
    R("MISSING_MODULE", 0.94, r"""
        no required module provides package (?P<subject>[^\s;:]+)
        package (?P<subject>\S+) is not in (?:std|GOROOT)
        cannot find package "?(?P<subject>[^\s"]+)
        cannot find module providing package (?P<subject>[^\s:]+)
        missing go\.sum entry for module
    """),
    R("MISSING_MODULE", 0.93, r"""
        ClassNotFoundException: (?P<subject>[\w.$/]+)
        NoClassDefFoundError: (?P<subject>[\w.$/]+)
        Could not find or load main class (?P<subject>[\w.$/]+)
        Error: Could not find or load main class
        error: package (?P<subject>\S+) does not exist
    """),
    R("MISSING_MODULE", 0.88, r"""
        can't find crate for `(?P<subject>[^`]+)`
        error\[E0463\]
        use of (?:undeclared|unresolved|unlinked) (?:crate|module)(?: or .*)? `(?P<subject>[^`]+)`
        unresolved import `(?P<subject>[^`]+)`
    """),
    R("MISSING_MODULE", 0.92, r"""
        cannot load such file -- (?P<subject>[^\s(]+)
        Could not find (?P<subject>\S+) in (?:any of the sources|locally installed gems)
        Could not find gem
        Bundler::GemNotFound
        can't find gem (?P<subject>\S+)
        Gem::MissingSpecError
        LoadError
    """),
    R("MISSING_MODULE", 0.9, r"""
        Class \\?"(?P<subject>[^"\\][^"]*)" not found
        Class '(?P<subject>[^']+)' not found
        Failed opening required <q>(?P<subject>[^'"]+)
        undefined function (?P<subject>\S+)\(\)
        Failed to open stream: No such file or directory.*autoload
        vendor/autoload\.php
        Unable to load dynamic library <q>(?P<subject>[^'"]+)
        Can't locate (?P<subject>\S+) in @INC
        could not find driver
    """),
    R("MISSING_MODULE", 0.9, r"""
        fatal error: <q>?(?P<subject>[\w./+-]+\.(?:h|hpp|hh))<q>?: No such file or directory
        fatal error: <q>?(?P<subject>[\w./+-]+\.(?:h|hpp|hh))<q>? file not found
        cannot find -l(?P<subject>\S+)
        library not found for -l(?P<subject>\S+)
        unable to find library -l(?P<subject>\S+)
        Package <q>?(?P<subject>[\w.+-]+)<q>?,? (?:required by .*, )?was not found in the pkg-config
        Package <q>?(?P<subject>[\w.+-]+)<q>?,? (?:required by .*, )?not found
        Could NOT find (?P<subject>\w+)
        Could not find a package configuration file provided by "(?P<subject>[^"]+)
        Unable to find (?:a )?plugin
    """, any_level=True, unless=r"(?i)-- Could NOT find .*\(found|optional"),
)
