window.BENCHMARK_DATA = {
  "lastUpdate": 1768300000000,
  "repoUrl": "https://example.org/shop",
  "entries": {
    "Go": [
      {
        "commit": {"id": "1111111111111111111111111111111111111111", "message": "one", "timestamp": "2026-01-05T11:00:00+01:00"},
        "date": 1767700000000,
        "tool": "go",
        "benches": [
          {"name": "BenchmarkFib", "value": 41653, "unit": "ns/op\t      16 B/op\t       2 allocs/op", "extra": "30000 times\n8 procs"},
          {"name": "BenchmarkFib - ns/op", "value": 41653, "unit": "ns/op", "extra": "30000 times\n8 procs"},
          {"name": "BenchmarkFib - B/op", "value": 16, "unit": "B/op", "extra": "30000 times\n8 procs"},
          {"name": "BenchmarkFib - allocs/op", "value": 2, "unit": "allocs/op", "extra": "30000 times\n8 procs"}
        ]
      }
    ],
    "Python": [
      {
        "commit": {"id": "1111111111111111111111111111111111111111", "message": "one", "timestamp": "2026-01-05T11:00:00+01:00"},
        "date": 1767700000000,
        "tool": "pytest",
        "benches": [
          {"name": "tests/test_a.py::test_fib", "value": 250, "unit": "iter/sec", "range": "stddev: 0.0001", "extra": "mean: 4 msec\nrounds: 41"}
        ]
      },
      {
        "commit": {"id": "2222222222222222222222222222222222222222", "message": "two", "timestamp": "2026-01-06T10:00:00Z"},
        "date": 1767800000000,
        "tool": "pytest",
        "benches": [
          {"name": "tests/test_a.py::test_fib", "value": 200, "unit": "iter/sec", "range": "stddev: 0.0001", "extra": "mean: 5 msec\nrounds: 41"}
        ]
      }
    ]
  }
}
