"""TLS for DICOM: the BCP 195 profile of PS3.15 annex B.9."""

import ssl

from dicom_node.config import ConfigError, Dicom

# RFC 9325 section 4.2: forward secrecy and authenticated encryption; TLS 1.3 has its own.
CIPHERS = ":".join(
    f"ECDHE-{key}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384")
    for key in ("ECDSA", "RSA")
)


def context(settings: Dicom) -> ssl.SSLContext:
    """The listener's context; raise `ConfigError` that names the key whose file is of no use."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(CIPHERS)
    made.options |= (
        ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    )
    try:
        made.load_cert_chain(settings.tls_certificate_file, settings.tls_key_file)
    except OSError as error:
        raise ConfigError(f"dicom.tls_certificate_file, dicom.tls_key_file: {error}") from error
    if settings.tls_client_ca_file:
        try:
            made.load_verify_locations(settings.tls_client_ca_file)
        except OSError as error:
            raise ConfigError(f"dicom.tls_client_ca_file: {error}") from error
        made.verify_mode = ssl.CERT_REQUIRED
    return made


def outgoing(settings: Dicom) -> ssl.SSLContext:
    """For the node's own associations with devices that want TLS.

    Their certificates must be signed by the CA of ``tls_client_ca_file``; without it, by one that
    this machine trusts, for the host that is called. Raises `ConfigError`.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(CIPHERS)
    if settings.tls_client_ca_file:
        # A hospital's own CA; its certificates rarely name the host (PS3.15 annex B.9 asks not).
        made.check_hostname = False
        try:
            made.load_verify_locations(settings.tls_client_ca_file)
        except OSError as error:
            raise ConfigError(f"dicom.tls_client_ca_file: {error}") from error
    else:
        made.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if settings.tls_certificate_file:
        try:
            made.load_cert_chain(settings.tls_certificate_file, settings.tls_key_file)
        except OSError as error:
            raise ConfigError(f"dicom.tls_certificate_file, dicom.tls_key_file: {error}") from error
    return made
