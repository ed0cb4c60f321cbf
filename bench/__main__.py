"""Every measurement, one after another: `make bench`."""

from bench import bus, gateway, reading

for each in (bus, gateway, reading):
    print(f"\n{each.__doc__.splitlines()[0]}\n")
    each.main()
