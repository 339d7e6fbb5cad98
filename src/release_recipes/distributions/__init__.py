"""What a wheel or an sdist holds, and what is wrong with it; nothing here knows an act."""
