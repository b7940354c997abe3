module syncheck/adapter

go 1.25.0
