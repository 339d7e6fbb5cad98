"""What the tests stand on: true repositories, true indexes on loopback, and the product run as a person runs it."""
