"""Every measurement, one after another: `make bench`."""

from bench import bus, gateway, reading, referrals, telling

for each in (bus, telling, gateway, reading, referrals):
    print(f"\n{each.__doc__.splitlines()[0]}\n")
    each.main()
