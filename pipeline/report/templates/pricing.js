// What a priced load comes to: `evaluate` of `pipeline/roi/evaluation.py`, formula by formula, and held to it by tests.

const HOURS_PER_DAY = whole(24), SECONDS_PER_DAY = whole(86400), MONTHS = whole(12), MTOK = whole(1000000);
const LONGEST_YEARS = 10, MOST_STEPS = 2000;

function valueOf(values, name) {
  if (!values.has(name)) throw new RangeError(`no input ${name}`);
  return values.get(name);
}

function upTo(last) { return Array.from({ length: last }, (_, place) => place + 1); }

// Demand (`demand.py`)

function demandIn(values, year) {
  const growth = ONE.plus(valueOf(values, "load.growth_per_year")).power(year - 1);
  const requests = valueOf(values, "load.requests_per_day").times(growth);
  const [input, output] = ["load.input_tokens", "load.output_tokens"].map((name) => valueOf(values, name));
  const average = requests.times(output).over(SECONDS_PER_DAY), peakFactor = valueOf(values, "load.peak_factor");
  const perMonth = requests.times(valueOf(values, "hours_per_month")).over(HOURS_PER_DAY);
  return {
    output, peakFactor, average, peak: average.times(peakFactor),
    inputMtok: perMonth.times(input).over(MTOK), outputMtok: perMonth.times(output).over(MTOK),
  };
}

// Options (`options.py`, `sizing.py`)

function machinesFor(peak, goodput, spares) {
  if (goodput.sign <= 0) throw new RangeError("a machine without goodput serves no load");
  const needed = peak.over(goodput).ceiling;
  return needed ? needed + BigInt(spares) : 0n;
}

function machinesIn(option, values, year) {
  if (option.tenure === "paid per token") return 0n;
  if (option.stated) return valueOf(values, `${option.variant}.machines`).ceiling;
  const goodput = valueOf(values, `${option.variant}.goodput_tokens_per_s`);
  const counts = (option.tenure === "bought" ? upTo(year) : [year]).map(
    (each) => machinesFor(demandIn(values, each).peak, goodput, option.spares));
  return counts.reduce((most, each) => (each > most ? each : most));
}

function machinePrice(option, values) {
  return whole(option.gpus).times(valueOf(values, `${option.variant}.purchase_usd`));
}

function lostAYear(option, values) {
  const kept = valueOf(values, `${option.variant}.resale_share`);
  return machinePrice(option, values).times(ONE.minus(kept)).over(whole(option.life_years));
}

function yearOf(option, values, number) {
  const own = (key) => valueOf(values, `${option.variant}.${key}`);
  const support = option.engaged ? valueOf(values, "engagement.monthly_usd").times(MONTHS) : ZERO;
  const year = {
    number, machines: 0n, rent: ZERO, depreciation: ZERO, energy: ZERO, cooling: ZERO, staff: ZERO, fees: ZERO, support,
  };
  if (option.tenure === "paid per token") {
    const load = demandIn(values, number);
    const month = load.inputMtok.times(own("input_usd_per_mtok")).plus(load.outputMtok.times(own("output_usd_per_mtok")));
    year.fees = month.times(MONTHS);
    return summed(year);
  }
  year.machines = machinesIn(option, values, number);
  year.staff = year.machines ? valueOf(values, "site.staff_usd_per_year") : ZERO;
  const hours = valueOf(values, "hours_per_month").times(MONTHS), gpus = whole(year.machines).times(whole(option.gpus));
  if (option.tenure === "rented") {
    year.rent = gpus.times(own("hourly_usd")).times(hours);
    return summed(year);
  }
  const kilowatts = gpus.times(own("watts")).times(valueOf(values, "site.load")).over(whole(1000));
  year.energy = kilowatts.times(hours).times(valueOf(values, "site.usd_per_kwh"));
  year.cooling = year.energy.times(valueOf(values, "site.pue").minus(ONE));
  year.depreciation = whole(year.machines).times(lostAYear(option, values));
  return summed(year);
}

function summed(year) {
  const paid = total([year.rent, year.energy, year.cooling, year.staff, year.fees, year.support]);
  return { ...year, paid, cost: paid.plus(year.depreciation) };
}

function onceOf(option, values) { return option.engaged ? valueOf(values, "engagement.one_time_usd") : ZERO; }

// Money in time (`cashflow.py`)

function added(option, values, number) {
  return whole(machinesIn(option, values, number) - (number > 1 ? machinesIn(option, values, number - 1) : 0n));
}

function bought(option, values, number) {
  if (option.tenure !== "bought") return ZERO;
  const worn = total(upTo(number - 1).filter((first) => (number - first) % option.life_years === 0)
    .map((first) => added(option, values, first)));
  const renewed = worn.times(lostAYear(option, values)).times(whole(option.life_years));
  return machinePrice(option, values).times(added(option, values, number)).plus(renewed);
}

function left(option, values, years) {
  if (option.tenure !== "bought") return ZERO;
  const price = machinePrice(option, values), lost = lostAYear(option, values);
  return total(upTo(years).map((first) => {
    const age = (years - first) % option.life_years + 1;
    return added(option, values, first).times(price.minus(lost.times(whole(age))));
  }));
}

// What is paid at the beginning of each year and during it.
function courseOf(option, values, every) {
  return {
    outlays: every.map(({ number }) => bought(option, values, number).plus(number === 1 ? onceOf(option, values) : ZERO)),
    paid: every.map((year) => year.paid),
  };
}

function presentValue(option, values, course) {
  const rate = ONE.plus(valueOf(values, "discount_rate")), years = course.paid.length;
  return total(upTo(years).map((number) => {
    const end = course.paid[number - 1].minus(number === years ? left(option, values, years) : ZERO);
    return course.outlays[number - 1].over(rate.power(number - 1)).plus(end.over(rate.power(number)));
  }));
}

function paybackMonths(option, reference) {
  let balance = ZERO;
  const years = option.paid.length;
  for (let place = 0; place < LONGEST_YEARS; place += 1) {
    if (place < years) balance = balance.plus(reference.outlays[place].minus(option.outlays[place]));
    if (place === 0 && balance.sign >= 0) return ZERO;
    const planned = Math.min(place, years - 1), saved = reference.paid[planned].minus(option.paid[planned]);
    const after = balance.plus(saved);
    if (balance.sign < 0 && after.sign >= 0) return whole(place).times(MONTHS).minus(balance.times(MONTHS).over(saved));
    balance = after;
  }
  return null;
}

// The smallest load at which an option costs less (`steps.py`, `break_even.py`)

function stepsOf(option, values, years) {
  let fixed = ZERO;
  if (option.engaged) {
    fixed = valueOf(values, "engagement.one_time_usd").over(whole(years).times(MONTHS))
      .plus(valueOf(values, "engagement.monthly_usd"));
  }
  if (option.tenure === "paid per token") {
    const month = valueOf(values, "hours_per_month").over(HOURS_PER_DAY);
    const tokens = total(["input", "output"].map(
      (kind) => valueOf(values, `load.${kind}_tokens`).times(valueOf(values, `${option.variant}.${kind}_usd_per_mtok`))));
    return { fixed, perMachine: ZERO, perMachineLoad: null, perRequest: tokens.over(MTOK).times(month), spares: 0 };
  }
  const bare = { ...option, engaged: false, stated: true };
  const one = yearOf(bare, new Map([...values, [`${option.variant}.machines`, ONE]]), 1), demand = demandIn(values, 1);
  return {
    fixed: fixed.plus(one.staff.over(MONTHS)),
    perMachine: one.cost.minus(one.staff).over(MONTHS),
    perMachineLoad: valueOf(values, `${option.variant}.goodput_tokens_per_s`).times(SECONDS_PER_DAY)
      .over(demand.output.times(demand.peakFactor)),
    perRequest: ZERO, spares: option.spares,
  };
}

// Loads are counted in parts of a request and money in parts of a dollar so small that all are whole: thousands of
// steps are quick then, and as exact as fractions.
function breakEven(option, reference) {
  const both = [option, reference], sizes = both.flatMap((each) => each.perMachineLoad ?? []);
  const grid = whole(commonDenominator(sizes));
  const unit = whole(commonDenominator(
    both.flatMap((each) => [each.fixed, each.perMachine, each.perRequest.over(grid)])));
  const [mine, its] = both.map((each) => ({
    fixed: each.fixed.times(unit).numerator, perMachine: each.perMachine.times(unit).numerator,
    perLoad: each.perRequest.over(grid).times(unit).numerator, spares: BigInt(each.spares),
    size: each.perMachineLoad && each.perMachineLoad.times(grid).numerator,
  }));
  const slope = mine.perLoad - its.perLoad;
  let edge = 0n;
  for (const end of edges([...new Set([mine.size, its.size].filter((size) => size !== null))])) {
    const atEnd = monthAt(mine, end) - monthAt(its, end), atEdge = atEnd - slope * (end - edge);
    if (atEdge < 0n) return new Fraction(edge).over(grid);
    if (atEnd < 0n) return new Fraction(edge * slope - atEdge, slope).over(grid);
    edge = end;
  }
  return null;
}

function commonDenominator(numbers) {
  return numbers.reduce((shared, { denominator }) => shared / divisor(shared, denominator) * denominator, 1n);
}

function monthAt(steps, load) {
  const machines = steps.size ? -floorDivision(-load, steps.size) + steps.spares : 0n;
  return steps.fixed + machines * steps.perMachine + load * steps.perLoad;
}

function* edges(sizes) {
  if (!sizes.length) {
    yield 10n ** 12n;
    return;
  }
  const ends = sizes.map((size) => ({ size, next: size }));
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const edge = ends.reduce((least, { next }) => (next < least ? next : least), ends[0].next);
    yield edge;
    for (const end of ends) if (end.next === edge) end.next += end.size;
  }
}

// The whole (`evaluation.py`)

function loadStated(values) {
  const above = (name) => values.has(name) && values.get(name).sign !== 0;
  return above("load.requests_per_day") && above("load.output_tokens") && values.has("load.input_tokens");
}

function countable(option, values) {
  return loadStated(values)
    && (option.tenure === "paid per token" || values.has(`${option.variant}.goodput_tokens_per_s`));
}

function idleShare(option, values, machines) {
  if (option.tenure === "paid per token" || !countable(option, values)) return null;
  if (!machines) return ZERO;
  const goodput = valueOf(values, `${option.variant}.goodput_tokens_per_s`);
  return ONE.minus(demandIn(values, 1).average.over(whole(machines).times(goodput)));
}

function perMtok(cost, values) {
  const tokens = loadStated(values) ? demandIn(values, 1).outputMtok.times(MONTHS) : ZERO;
  return tokens.sign ? cost.over(tokens) : null;
}

function costsOf(option, values, years) {
  const every = upTo(years).map((number) => yearOf(option, values, number)), [first] = every;
  const course = courseOf(option, values, every);
  return {
    option, course, years: every, machines: whole(first.machines), idle_share: idleShare(option, values, first.machines),
    monthly: first.cost.over(MONTHS), yearly: first.cost,
    total: onceOf(option, values).plus(total(every.map((year) => year.cost))),
    present_value: presentValue(option, values, course), per_mtok: perMtok(first.cost, values),
  };
}

function pairOf(mine, its, values, years) {
  const yearly = its.yearly.minus(mine.yearly);
  let even = null;
  if (countable(mine.option, values) && countable(its.option, values)) {
    even = breakEven(stepsOf(mine.option, values, years), stepsOf(its.option, values, years));
  }
  return {
    saving_per_month: yearly.over(MONTHS), saving_per_year: yearly, saving_total: its.total.minus(mine.total),
    net_present_value: its.present_value.minus(mine.present_value),
    payback_months: paybackMonths(mine.course, its.course),
    break_even_requests_per_day: even && whole(even.floor + 1n),
  };
}

function evaluate(model) {
  const options = new Map(model.options.map((option) => [option.name, costsOf(option, model.values, model.years)]));
  const pairs = model.pairs.map(
    ([name, reference]) => pairOf(options.get(name), options.get(reference), model.values, model.years));
  return { options: [...options.values()], pairs };
}

// Cost per million useful tokens of every option that can be counted, at multiples of the load.
function curves(model, multiples) {
  if (!loadStated(model.values)) return model.options.map(() => null);
  const loads = multiples.map((times) => valueOf(model.values, "load.requests_per_day").times(times));
  return model.options.map((option) => (countable(option, model.values) ? loads.map((load) => {
    const values = new Map([...model.values, ["load.requests_per_day", load]]);
    return perMtok(yearOf({ ...option, stated: false }, values, 1).cost, values);
  }) : null));
}
