def mix(value):
    for _ in range(12000):
        value = (value * 1103515245 + 12345) & 0x7FFFFFFF
    return value
