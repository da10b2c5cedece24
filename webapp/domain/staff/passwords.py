"""Which passwords are good enough (NIST SP 800-63B: length counts, and not being a known one)."""

from webapp.base.errors import Invalid
from webapp.base.i18n import _

SHORTEST, LONGEST = 12, 200
COMMON = frozenset(
    [
        "123456789012",
        "1234567890123",
        "1234567890ab",
        "12345678901234567890",
        "111111111111",
        "000000000000",
        "123123123123",
        "121212121212",
        "passwordpassword",
        "password1234",
        "password12345",
        "password123456",
        "contraseña123",
        "contraseña1234",
        "contrasena123",
        "contrasena1234",
        "contraseñacontraseña",
        "contrasenacontrasena",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwertyuiopas",
        "qwertyqwerty",
        "qwerty123456",
        "qwerty1234567",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "qazwsxedcrfv",
        "asdfghjkl123",
        "asdfasdfasdf",
        "zxcvbnm12345",
        "abcdefghijkl",
        "abcdefghijklm",
        "abcd12345678",
        "abc123abc123",
        "iloveyou1234",
        "iloveyou12345",
        "teamoteamo12",
        "teamomucho123",
        "tequieromucho",
        "administrador",
        "administrator",
        "administrador1",
        "admin1234567",
        "admin12345678",
        "adminadminadmin",
        "changeme1234",
        "letmein12345",
        "welcome12345",
        "bienvenido123",
        "bienvenida123",
        "vitrina12345",
        "vitrina123456",
        "vitrinavitrina",
        "telegram1234",
        "telegramtelegram",
        "superman1234",
        "princesa1234",
        "princesa12345",
        "mexico123456",
        "barcelona123",
        "realmadrid123",
        "futbol123456",
        "estrella1234",
        "qwerty12345678",
    ]
)


def refuse_weak(password: str, email: str, field: str = "password") -> None:
    """Raises Invalid (on `field`) for one that is short, endless, the e-mail itself, or that everybody tries first."""
    folded = password.casefold()
    own = {email.casefold(), email.casefold().partition("@")[0]}
    if len(password) < SHORTEST:
        raise Invalid(fields={field: _("Usa al menos %(n)s caracteres.", n=SHORTEST)})
    if len(password) > LONGEST:
        raise Invalid(fields={field: _("Usa como mucho %(n)s caracteres.", n=LONGEST)})
    if folded in own or folded in COMMON or len(set(folded)) < 4:
        raise Invalid(fields={field: _("Esa contraseña es fácil de adivinar. Prueba con una frase.")})
