import time
def timed(n,f):
    t=time.time(); r=f(); print(n, round(time.time()-t,2)); return r
def test_x(repository, pypi, cli):
    for i in range(2):
        r=timed("check", lambda: cli("check","--json",cwd=repository.path, env=pypi.settings)); 
    print(r.out[-600:], r.err, r.code)
    r=timed("bare release", lambda: cli("release",cwd=repository.path, env=pypi.settings)); print(r)
    r=timed("dry", lambda: cli("release","--part","minor","--dry-run", cwd=repository.path, env=pypi.settings)); print(r.out)
    r=timed("rel skip", lambda: cli("release","--part","minor","--skip-tests", cwd=repository.path, env=pypi.settings)); print(r.out, r.err)
    r=timed("rel none", lambda: cli("release","--part","minor", cwd=repository.path, env=pypi.settings)); print(r.out, r.err)
    r=timed("reh", lambda: cli("rehearse","--skip-tests", cwd=repository.path, env=pypi.settings)); print(r.out, r.err)
    r=timed("status", lambda: cli("status", cwd=repository.path, env=pypi.settings)); print(r.out, r.err)
def test_inproc(repository, pypi, monkeypatch):
    from release_recipes.check import check
    from release_recipes.release import place, subject_of
    from release_recipes.plan import Request
    for k,v in pypi.settings.items(): monkeypatch.setenv(k,v)
    for i in range(3):
        o=timed("inproc", lambda: check(subject_of(place(repository.path), Request(part="minor"))))
    print(o.problems, o.warnings)
