"""The rates of one machine, written by `tests/benchmarks/fit_costs.py`.

`start` alone is set by hand: 38 times `call`, as `bench --calibrate` measured it on another machine. The fit had 18,
by which small images went to `pointwise` where `small` takes a third of the time.
"""

from conv2d_cli.engine.planning.cost_model import Costs

COSTS = Costs(
    machine="AMD EPYC, openblas 0.3.31.188.0 Haswell",
    date="2026-11-30",
    gemm_flop=0.014,
    small_gemm_flop=0.0158,
    gemm_pack=0.252,
    gemm_product=0.328,
    gemm_call=120.0,
    gemv_call=54.3,
    gemv=0.139,
    add=0.303,
    copy=0.188,
    copy_run=6.12,
    copy_step=0.441,
    transpose=2.13,
    fft=6.21,
    filter_value=1.13,
    call=1120.0,
    start=42000.0,
    setup=105000.0,
    dispatch=150000.0,
    wait=2500.0,
    blas_dispatch=40000.0,
    own_cache_bytes=524288,
    shared_cache_bytes=33554432,
    uncached=0.238,
    tlb_miss=0.312,
)
