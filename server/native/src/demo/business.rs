//! Who and what the demo's business deals with: Clearwater Plumbing & Heating of Austin, Texas. All made up; telephone
//! numbers are of the range kept for fiction, addresses end in `.example`.

pub const NAME: &str = "Clearwater Plumbing & Heating";
pub const CURRENCY: &str = "USD";
pub const TIME_ZONE: &str = "America/Chicago";
/// Hours by which the zone is behind UTC, near enough for a demo.
pub const HOURS_BEHIND: i64 = 6;
/// Sales tax, parts per million.
pub const TAX_PPM: i64 = 82_500;

/// First name, last name, role, login.
pub const PEOPLE: &[(&str, &str, &str, &str)] = &[
    ("Ana", "Reyes", "owner", "ana@clearwater.example"),
    ("Marta", "Lindqvist", "admin", "marta@clearwater.example"),
    ("Tom", "Okafor", "readonly", "tom@clearwater.example"),
    ("Luis", "Moreno", "readonly", "luis@clearwater.example"),
    ("Priya", "Nair", "readonly", "priya@clearwater.example"),
];
/// Which of them go out to customers.
pub const TECHNICIANS: std::ops::Range<usize> = 2..5;

/// First name, last name, street, postal code, latitude, longitude, how to get in.
pub const HOUSEHOLDS: &[(&str, &str, &str, &str, f64, f64, &str)] = &[
    ("Olivia", "Bennett", "1408 Alameda Dr", "78704", 30.2459, -97.7541, "Gate code on file; the dog is friendly."),
    ("Marcus", "Chen", "2311 E 14th St", "78702", 30.2756, -97.7180, "Ring twice, works from home."),
    ("Fernanda", "Souza", "907 Blanco St", "78703", 30.2790, -97.7595, "Key with the neighbour at 909."),
    ("Dale", "Whitaker", "5602 Shoalwood Ave", "78756", 30.3276, -97.7463, "Shut-off valve is in the front flower bed."),
    ("Aisha", "Rahman", "3104 Hemphill Park", "78705", 30.2969, -97.7393, "Call ten minutes ahead."),
    ("Grace", "Kowalski", "1712 Brackenridge St", "78704", 30.2478, -97.7484, ""),
    ("Henry", "Adeyemi", "4509 Avenue F", "78751", 30.3103, -97.7263, "Park in the alley."),
    ("Sofía", "Castañeda", "2208 Willow St", "78702", 30.2557, -97.7208, "Habla español."),
    ("Walter", "Brandt", "7003 Running Rope Cir", "78731", 30.3476, -97.7767, "Hard of hearing: knock loudly."),
    ("Yuki", "Tanaka", "1105 Nueces St", "78701", 30.2741, -97.7466, "Concierge has the visitor pass."),
    ("Brenda", "Ellison", "3806 Duval St", "78751", 30.3022, -97.7262, ""),
    ("Ricardo", "Vega", "6310 Burns St", "78752", 30.3287, -97.7130, "Water heater is in the attic."),
    ("Nora", "Fitzgerald", "2500 Hartford Rd", "78703", 30.2938, -97.7640, "Old house, galvanized pipes throughout."),
    ("Samuel", "Goldberg", "4102 Bull Creek Rd", "78731", 30.3164, -97.7545, ""),
    ("Chloé", "Dubois", "1901 Travis Heights Blvd", "78704", 30.2408, -97.7402, "Leave boots at the door."),
    ("Jamal", "Washington", "1187 Chestnut Ave", "78702", 30.2800, -97.7203, ""),
    ("Ingrid", "Solberg", "3300 Harris Park Ave", "78705", 30.2985, -97.7312, "Two units, ours is B."),
    ("Peter", "Novák", "8802 Silverarrow Cir", "78759", 30.3936, -97.7660, "Septic tank, no city sewer."),
    ("Lakshmi", "Iyer", "5909 Cary Dr", "78757", 30.3391, -97.7335, ""),
    ("Connor", "Murphy", "1014 Gillespie Pl", "78704", 30.2496, -97.7517, "Rental: the tenant lets us in."),
    ("Beatriz", "Oliveira", "2706 Salado St", "78705", 30.2920, -97.7449, ""),
    ("Douglas", "Pratt", "9210 Knoll Crest Loop", "78759", 30.3972, -97.7486, "Long drive, bring the van to the top."),
    ("Mei", "Wong", "4711 Caswell Ave", "78751", 30.3120, -97.7215, ""),
    ("Rosa", "Delgado", "1503 Garden St", "78702", 30.2543, -97.7302, "Cat must not get out."),
    ("Thomas", "Schreiber", "3607 Meredith St", "78703", 30.3043, -97.7686, ""),
    ("Hannah", "Osei", "7401 Daugherty St", "78757", 30.3489, -97.7315, "Night shifts: not before noon."),
];

/// Name, the person to talk to, street, postal code, latitude, longitude, how to get in.
pub const COMPANIES: &[(&str, &str, &str, &str, &str, f64, f64, &str)] = &[
    ("Barton Creek Dental", "Elena", "Petrova", "2401 S Lamar Blvd", "78704", 30.2475, -97.7695, "Before 8:00 or after 17:30 only."),
    ("Lone Star Laundromat", "Curtis", "Hale", "5100 Airport Blvd", "78751", 30.3122, -97.7106, "Shut-off in the boiler room."),
    ("Sixth Street Hostel", "Zoë", "Marchetti", "612 E 6th St", "78701", 30.2669, -97.7373, "Ask at reception for the plant room key."),
    ("Pecan Grove Apartments", "Raymond", "Yates", "1300 Parker Ln", "78741", 30.2337, -97.7312, "48 units; the office opens at 9:00."),
    ("Taquería La Esquina", "Guadalupe", "Ortiz", "1818 E Cesar Chavez St", "78702", 30.2549, -97.7235, "Grease trap is behind the kitchen."),
    ("Zilker Montessori", "Judith", "Kaplan", "1717 Kinney Ave", "78704", 30.2529, -97.7667, "Sign in; no work in class hours."),
    ("Hill Country Brewing", "Owen", "Braddock", "9012 Research Blvd", "78758", 30.3743, -97.7286, "Safety shoes in the brewhouse."),
];

/// Code, name, kind, unit, price and cost in cents.
pub const PRICE_BOOK: &[(&str, &str, &str, &str, i64, i64)] = &[
    ("LAB-STD", "Plumber, standard hours", "service", "hour", 12_500, 5_200),
    ("LAB-OOH", "Plumber, nights and weekends", "service", "hour", 18_750, 7_800),
    ("LAB-APP", "Apprentice", "service", "hour", 6_500, 2_600),
    ("CALL", "Call-out", "service", "visit", 8_900, 3_000),
    ("DRAIN-STD", "Drain clearing, up to 50 ft", "service", "piece", 22_500, 8_000),
    ("DRAIN-CAM", "Drain camera inspection", "service", "piece", 19_500, 6_000),
    ("WH-SVC", "Water heater service", "service", "piece", 16_500, 5_500),
    ("WH-50G", "Water heater, 50 gal gas", "material", "piece", 98_900, 64_000),
    ("WH-TNK", "Tankless water heater", "material", "piece", 164_900, 112_000),
    ("BF-TEST", "Backflow test and report", "service", "piece", 11_500, 3_500),
    ("TOI-STD", "Toilet, dual flush", "material", "piece", 27_900, 16_500),
    ("TOI-KIT", "Toilet repair kit", "material", "set", 3_450, 1_400),
    ("FAU-KIT", "Kitchen faucet, pull-down", "material", "piece", 24_900, 14_800),
    ("FAU-BAS", "Basin faucet", "material", "piece", 12_900, 7_100),
    ("DISP-34", "Garbage disposal, 3/4 hp", "material", "piece", 21_900, 13_900),
    ("PEX-12", "PEX pipe, 1/2 in", "material", "foot", 185, 60),
    ("COP-34", "Copper pipe, 3/4 in", "material", "foot", 690, 380),
    ("VAL-BALL", "Ball valve, 3/4 in", "material", "piece", 2_450, 980),
    ("PRV", "Pressure reducing valve", "material", "piece", 13_800, 7_600),
    ("SUMP", "Sump pump, 1/2 hp", "material", "piece", 32_500, 21_000),
];

/// Title, what is to be done, hours, and what it takes beside labour: price item and quantity in thousandths.
pub const WORK: &[(&str, &str, i64, &[(usize, i64)])] = &[
    ("Replace water heater", "Old tank leaks at the base. Take it away, fit the new one, test the relief valve.", 4, &[(7, 1_000), (17, 2_000)]),
    ("Clear main drain", "Backs up when the washing machine empties. Camera afterwards.", 2, &[(4, 1_000), (5, 1_000)]),
    ("Kitchen faucet drips", "Replace with a pull-down model; the customer chose brushed steel.", 1, &[(12, 1_000)]),
    ("Annual water heater service", "Flush, check anode and burner.", 1, &[(6, 1_000)]),
    ("Toilet runs all the time", "New fill valve and flapper.", 1, &[(11, 1_000)]),
    ("Low water pressure", "Measure at the meter; the regulator is twenty years old.", 2, &[(18, 1_000)]),
    ("Backflow test", "Yearly test, report to the city.", 1, &[(9, 1_000)]),
    ("Repipe bathroom", "Galvanized to PEX, hot and cold.", 8, &[(15, 120_000), (17, 4_000), (13, 2_000)]),
    ("Garbage disposal jammed", "Hums, does not turn. Replace if the motor is gone.", 1, &[(14, 1_000)]),
    ("Sump pump replacement", "Failed in the last storm.", 3, &[(19, 1_000), (17, 1_000)]),
];

pub const LEADS: &[(&str, &str, &str)] = &[
    ("Quote for a tankless heater", "Saw your van next door. Gas line is there already.", "referral"),
    ("Slow shower drain", "Has been slow since spring, now it stands.", "website"),
    ("Leak under the sink", "Bucket is full twice a day!", "phone"),
    ("Maintenance contract for 48 units", "Twice a year, all water heaters.", "email"),
    ("Outdoor tap", "One more at the back of the house, frost proof.", "website"),
    ("Smell in the utility room", "Comes and goes, worse after rain.", "portal"),
];
