module evenkeel.dev/evenkeel/bench/limiter

go 1.26.0

require (
	evenkeel.dev/evenkeel v0.0.0
	github.com/failsafe-go/failsafe-go v0.9.8
)

require (
	github.com/bits-and-blooms/bitset v1.24.4 // indirect
	github.com/influxdata/tdigest v0.0.1 // indirect
)

replace evenkeel.dev/evenkeel => ../..
