// Exact numbers, as Python's `fractions.Fraction`: rounded once, when they are printed (`pipeline/roi/exact.py`).

class Fraction {
  constructor(numerator, denominator = 1n) {
    if (denominator === 0n) throw new RangeError("division by zero");
    const shared = divisor(numerator, denominator) * (denominator < 0n ? -1n : 1n);
    this.numerator = numerator / shared;
    this.denominator = denominator / shared;
  }
  plus(other) {
    return new Fraction(
      this.numerator * other.denominator + other.numerator * this.denominator, this.denominator * other.denominator);
  }
  minus(other) { return this.plus(other.times(MINUS_ONE)); }
  times(other) { return new Fraction(this.numerator * other.numerator, this.denominator * other.denominator); }
  over(other) { return new Fraction(this.numerator * other.denominator, this.denominator * other.numerator); }
  power(exponent) { return new Fraction(this.numerator ** BigInt(exponent), this.denominator ** BigInt(exponent)); }
  compare(other) {
    const difference = this.numerator * other.denominator - other.numerator * this.denominator;
    return difference < 0n ? -1 : Number(difference > 0n);
  }
  get sign() { return this.numerator < 0n ? -1 : Number(this.numerator > 0n); }
  get ceiling() { return -floorDivision(-this.numerator, this.denominator); }
  get floor() { return floorDivision(this.numerator, this.denominator); }
  get approximate() { return Number(this.rounded(12)) / 1e12; }
  // The number times a power of ten, half away from zero: 12.345 to two places is 1235.
  rounded(places) {
    const scaled = (magnitude(this.numerator) * 10n ** BigInt(places) * 2n + this.denominator) / (2n * this.denominator);
    return this.numerator < 0n ? -scaled : scaled;
  }
}

const MINUS_ONE = new Fraction(-1n), ZERO = new Fraction(0n), ONE = new Fraction(1n);

function whole(number) { return new Fraction(BigInt(number)); }
function magnitude(number) { return number < 0n ? -number : number; }
function floorDivision(number, by) { return number / by - (number % by !== 0n && number < 0n !== by < 0n ? 1n : 0n); }
function total(numbers) { return numbers.reduce((sum, each) => sum.plus(each), ZERO); }

function divisor(first, second) {
  let [larger, smaller] = [magnitude(first), magnitude(second)];
  while (smaller) [larger, smaller] = [smaller, larger % smaller];
  return larger || 1n;
}

// `12`, `3/2` or `0.25`, as the model has them.
function fraction(text) {
  const [numerator, denominator = "1"] = String(text).split("/");
  const [integer, decimals = ""] = numerator.split(".");
  return new Fraction(BigInt(integer + decimals), 10n ** BigInt(decimals.length) * BigInt(denominator));
}

// What somebody typed in the document's manner; null where it is no number.
function parsed(text, manner) {
  const [group, point] = [manner.group, manner.point].map((sign) => sign.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const plain = text.trim().replace(/\s/g, " ").replaceAll(manner.minus, "-");
  const spaced = group.trim() ? group : " ";
  const form = new RegExp(`^-?(?:\\d{1,15}|[1-9]\\d{0,2}(?:${spaced}\\d{3}){1,4})(?:${point}\\d{1,6})?$`);
  if (!form.test(plain)) return null;
  return fraction(plain.replaceAll(manner.group.trim() || " ", "").replace(manner.point, "."));
}

function printed(number, places, manner) {
  const scaled = number.rounded(places), digits = String(magnitude(scaled)).padStart(places + 1, "0");
  const end = digits.length - places, grouped = digits.slice(0, end).replace(/\B(?=(\d{3})+$)/g, manner.group);
  return (scaled < 0n ? manner.minus : "") + grouped + (places ? manner.point + digits.slice(end) : "");
}
