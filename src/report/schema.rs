//! The JSON schema of the report; shipped with the binary.
