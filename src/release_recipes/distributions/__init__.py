"""What a wheel or an sdist holds."""
