"""Certificates for tests, made by openssl."""

import subprocess

DAYS = 2


def openssl(*words):
    """Runs openssl; what it says belongs to an error only."""
    done = subprocess.run(("openssl", *map(str, words)), capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {words[0]}: {done.stderr.decode(errors='replace')}")


class Authority:
    """An authority of our own, and what it signs."""

    def __init__(self, folder, name):
        self.folder = folder
        self.name = name
        self.file = folder / f"{name}.pem"
        self.key = folder / f"{name}.key"
        openssl("req", "-x509", *self._new_key(self.key), "-out", self.file, "-subj",
                f"/CN={name}", "-days", DAYS)

    @staticmethod
    def _new_key(path):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path)

    def sign(self, name, names="DNS:localhost,IP:127.0.0.1", days=DAYS):
        """(certificate, key) for these alternative names. With no days it has expired when made."""
        cert, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={names}\n", encoding="ascii")
        openssl("req", "-new", *self._new_key(key), "-out", request, "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key,
                "-CAcreateserial", "-days", days, "-extfile", extensions, "-out", cert)
        return cert, key
