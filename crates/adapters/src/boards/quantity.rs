//! Lengths and angles, read exactly from decimal text.
//!
//! A coordinate is a decimal fraction of some unit; a micrometre is a rational multiple of that unit. So the product is an integer
//! division, rounded to the nearest micrometre with halves away from zero. Floats would move halves at random.

/// A length may not be larger than this many micrometres (100 m): beyond it a unit or a comma was misread.
pub(super) const LENGTH_UM_MAX: i128 = 100_000_000;

/// A unit of length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Millimetre,
    Micrometre,
    Centimetre,
    Inch,
    Mil,
}

impl Unit {
    /// The unit that a suffix, a heading or a preamble names.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name.trim().trim_end_matches('.').to_ascii_lowercase().as_str() {
            "mm" | "millimeter" | "millimeters" | "millimetre" | "millimetres" | "metric" => Self::Millimetre,
            "um" | "µm" | "μm" | "micron" | "microns" | "micrometer" | "micrometers" | "micrometre" => {
                Self::Micrometre
            }
            "cm" | "centimeter" | "centimeters" | "centimetre" => Self::Centimetre,
            "in" | "inch" | "inches" | "\"" => Self::Inch,
            "mil" | "mils" | "thou" | "th" | "imperial" => Self::Mil,
            _ => return None,
        })
    }

    /// Micrometres per unit as a fraction.
    fn micrometres(self) -> (i128, i128) {
        match self {
            Self::Millimetre => (1000, 1),
            Self::Micrometre => (1, 1),
            Self::Centimetre => (10_000, 1),
            Self::Inch => (25_400, 1),
            Self::Mil => (254, 10),
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Millimetre => "millimetres",
            Self::Micrometre => "micrometres",
            Self::Centimetre => "centimetres",
            Self::Inch => "inches",
            Self::Mil => "mils",
        }
    }
}

/// Which mark separates the whole part from the fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mark {
    #[default]
    Point,
    Comma,
}

/// What a set of numbers of one file shows about its decimal mark.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct MarkEvidence {
    point: bool,
    comma: bool,
    comma_in_threes: bool,
}

impl MarkEvidence {
    pub(super) fn see(&mut self, text: &str) {
        let number: String = text.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | ',')).collect();
        match (number.rfind('.'), number.rfind(',')) {
            (Some(point), Some(comma)) if point > comma => self.point = true,
            (Some(_), Some(_)) => self.comma = true,
            (Some(_), None) => self.point = true,
            (None, Some(_)) if in_threes(&number) => self.comma_in_threes = true,
            (None, Some(_)) => self.comma = true,
            (None, None) => {}
        }
    }

    /// The mark, and whether it had to be guessed.
    pub(super) fn mark(self) -> (Mark, bool) {
        match (self.point, self.comma, self.comma_in_threes) {
            (false, true, _) => (Mark::Comma, false),
            (false, false, true) => (Mark::Comma, true),
            (_, _, _) => (Mark::Point, false),
        }
    }
}

/// `1,234` and `12,345,678`, but not `0,123`.
fn in_threes(number: &str) -> bool {
    let mut groups = number.split(',');
    let first = groups.next().unwrap_or_default();
    !first.is_empty() && first.len() <= 3 && !first.starts_with('0') && groups.all(|group| group.len() == 3)
}

/// A decimal number: `mantissa` times ten to the minus `scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    mantissa: i128,
    scale: u32,
}

impl Decimal {
    /// Reads `-12.5`, `+3`, `.5`, `1.5e-3`; with [`Mark::Comma`] also `-12,5` and `1.234,5`; with [`Mark::Point`] also `1,234.5`.
    pub(super) fn parse(text: &str, mark: Mark) -> Result<Self, String> {
        let not_a_number = || format!("`{text}` is not a number");
        let trimmed = text.trim();
        let (sign, rest) = match trimmed.chars().next() {
            Some('-' | '\u{2212}') => (-1, &trimmed[trimmed.chars().next().map_or(0, char::len_utf8)..]),
            Some('+') => (1, &trimmed[1..]),
            _ => (1, trimmed),
        };
        let (digits, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], rest[at + 1..].parse::<i32>().map_err(|_| not_a_number())?),
            None => (rest, 0),
        };
        let (decimal, thousands) = match mark {
            Mark::Point => ('.', ','),
            Mark::Comma => (',', '.'),
        };
        let (whole, fraction) = digits.split_once(decimal).unwrap_or((digits, ""));
        if whole.contains(thousands) && !in_threes(&whole.replace(thousands, ",")) {
            return Err(not_a_number());
        }
        let whole = whole.replace(thousands, "");
        if whole.is_empty() && fraction.is_empty() {
            return Err(not_a_number());
        }
        let mut mantissa: i128 = 0;
        let mut scale: i32 = 0;
        for (index, digit) in whole.chars().chain(fraction.chars()).enumerate() {
            let digit = digit.to_digit(10).filter(|_| digit.is_ascii_digit()).ok_or_else(not_a_number)?;
            // 24 digits of a fraction are far below a micrometre in any unit; further ones cannot change the result.
            if index >= whole.len() {
                if scale >= 24 {
                    continue;
                }
                scale += 1;
            }
            mantissa = mantissa
                .checked_mul(10)
                .and_then(|mantissa| mantissa.checked_add(i128::from(digit)))
                .filter(|mantissa| *mantissa < 10i128.pow(33))
                .ok_or_else(|| format!("`{text}` is too large"))?;
        }
        let scale = scale.checked_sub(exponent).ok_or_else(not_a_number)?;
        if mantissa == 0 {
            return Ok(Self { mantissa: 0, scale: 0 });
        }
        if scale < 0 {
            let factor = 10i128.checked_pow(scale.unsigned_abs()).and_then(|factor| mantissa.checked_mul(factor));
            let mantissa = factor.ok_or_else(|| format!("`{text}` is too large"))?;
            return Ok(Self { mantissa: sign * mantissa, scale: 0 });
        }
        Ok(Self { mantissa: sign * mantissa, scale: scale.unsigned_abs() })
    }

    /// This number times a fraction, rounded to the nearest integer, halves away from zero. `None` if it does not fit.
    pub(super) fn times(self, numerator: i128, denominator: i128) -> Option<i128> {
        if self.scale > 36 {
            return Some(0);
        }
        let product = self.mantissa.checked_mul(numerator)?;
        let divisor = 10i128.checked_pow(self.scale)?.checked_mul(denominator)?;
        let half = divisor / 2;
        let shifted = if product < 0 { product.checked_sub(half)? } else { product.checked_add(half)? };
        Some(shifted / divisor)
    }
}

/// A length in micrometres; a unit written behind the number wins over `unit`.
pub(super) fn length_um(text: &str, unit: Unit, mark: Mark) -> Result<i64, String> {
    let (number, own) = split_unit(text);
    let unit = match own {
        "" => unit,
        own => Unit::from_name(own).ok_or_else(|| format!("`{}` is not a number with a known unit", text.trim()))?,
    };
    let (numerator, denominator) = unit.micrometres();
    Decimal::parse(number, mark)?
        .times(numerator, denominator)
        .filter(|um| um.abs() <= LENGTH_UM_MAX)
        .and_then(|um| i64::try_from(um).ok())
        .ok_or_else(|| format!("`{}` {} is more than 100 m", text.trim(), unit.word()))
}

/// An angle in thousandths of a degree, brought into 0..360,000.
pub(super) fn angle_mdeg(text: &str, mark: Mark) -> Result<i64, String> {
    let number = text.trim();
    let number = number.strip_suffix('°').or_else(|| number.strip_suffix("deg")).unwrap_or(number);
    let mdeg = Decimal::parse(number, mark)?.times(1000, 1).ok_or_else(|| format!("`{number}` is too large"))?;
    i64::try_from(mdeg.rem_euclid(360_000)).map_err(|_| format!("`{number}` is too large"))
}

/// Splits `12.5mm` into number and unit.
pub(super) fn split_unit(text: &str) -> (&str, &str) {
    let text = text.trim();
    let at = text.rfind(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',')).map_or(0, |at| at + 1);
    let (number, unit) = text.split_at(at);
    (number.trim(), unit.trim())
}

/// A plain decimal for messages: micrometres as millimetres, without trailing zeros.
pub(super) fn millimetres(um: i64) -> String {
    let sign = if um < 0 { "-" } else { "" };
    let (whole, rest) = (um.unsigned_abs() / 1000, um.unsigned_abs() % 1000);
    let fraction = format!("{rest:03}");
    match fraction.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn um(text: &str, unit: Unit) -> Result<i64, String> {
        length_um(text, unit, Mark::Point)
    }

    #[test]
    fn lengths_are_exact() {
        assert_eq!(um("6.0500", Unit::Millimetre), Ok(6050));
        assert_eq!(um("93.7692", Unit::Millimetre), Ok(93_769));
        assert_eq!(um("-0.0005", Unit::Millimetre), Ok(-1));
        assert_eq!(um("0.00049999999999999999999999999999999", Unit::Millimetre), Ok(0));
        assert_eq!(um("637.5", Unit::Mil), Ok(16_193)); // 16192.5
        assert_eq!(um("-637.5", Unit::Mil), Ok(-16_193));
        assert_eq!(um("6.5125", Unit::Inch), Ok(165_418)); // 165417.5
        assert_eq!(um("1.5e-3", Unit::Inch), Ok(38)); // 38.1
        assert_eq!(um("2E2", Unit::Micrometre), Ok(200));
        assert_eq!(um("58.674mm", Unit::Mil), Ok(58_674));
        assert_eq!(um("1000 mil", Unit::Millimetre), Ok(25_400));
        assert_eq!(um(".5", Unit::Millimetre), Ok(500));
        assert_eq!(um("1,234.5", Unit::Micrometre), Ok(1235));
        assert_eq!(length_um("1.234,5", Unit::Micrometre, Mark::Comma), Ok(1235));
        assert_eq!(length_um("-12,5mm", Unit::Mil, Mark::Comma), Ok(-12_500));
    }

    #[test]
    fn what_is_not_a_length_says_so() {
        for text in ["", "-", ".", "abc", "1.2.3", "12,5", "1e", "1e99999999999", "٣", "1 2", "5 parsec", "--5"] {
            assert!(um(text, Unit::Millimetre).is_err(), "{text}");
        }
        assert!(um("1e9", Unit::Millimetre).is_err());
        assert_eq!(um("1e-400", Unit::Millimetre), Ok(0));
        assert!(um("1e2147483648", Unit::Millimetre).is_err());
        assert_eq!(um("0e2147483647", Unit::Millimetre), Ok(0));
    }

    #[test]
    fn angles_are_brought_into_one_turn() {
        for (text, expected) in
            [("360", 0), ("-90.0", 270_000), ("0.0004", 0), ("12.3456", 12_346), ("359.9999", 0), ("1080.5", 500)]
        {
            assert_eq!(angle_mdeg(text, Mark::Point), Ok(expected), "{text}");
        }
    }

    #[test]
    fn the_decimal_mark_is_told_from_all_numbers() {
        let mark = |texts: &[&str]| {
            let mut evidence = MarkEvidence::default();
            texts.iter().for_each(|text| evidence.see(text));
            evidence.mark()
        };
        assert_eq!(mark(&["1.5", "2"]), (Mark::Point, false));
        assert_eq!(mark(&["1,5", "2,125"]), (Mark::Comma, false));
        assert_eq!(mark(&["1,234", "10.5"]), (Mark::Point, false));
        assert_eq!(mark(&["1,234.5"]), (Mark::Point, false));
        assert_eq!(mark(&["1.234,5"]), (Mark::Comma, false));
        assert_eq!(mark(&["1,234"]), (Mark::Comma, true));
    }
}
