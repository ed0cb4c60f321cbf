"""Every measurement, one after another: `make bench`."""

from bench import bus, gateway

for each in (bus, gateway):
    print(f"\n{each.__doc__.splitlines()[0]}\n")
    each.main()
