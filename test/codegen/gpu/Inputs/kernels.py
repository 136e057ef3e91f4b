"""Kernels that are right, run by the emulator with and without the race detector, compared bit by bit with numpy."""

import numpy as np

from emulated_kernels import Kernels, Launch, random

SHARED = "memref<?xi8, #gpu.address_space<workgroup>>"


def check(text, launches, expected, **arrays):
    """Runs the kernels in every way; `expected` holds what arrays are to be then."""
    for races in (False, True):
        kernels = Kernels(text, launches, races=races, **arrays)
        for workers, reverse in ((1, False), (2, True)):
            results = kernels.run(workers=workers, reverse=reverse)
            for name, value in expected.items():
                assert value.dtype == results[name].dtype
                np.testing.assert_array_equal(results[name], value, err_msg=f"{name}, races={races}, {reverse=}")


# A product of [32, 40] and [40, 48] by blocks of 16 by 16 elements, one a thread; tiles of 8 terms in shared memory.
PRODUCT = """
gpu.func @product(%arena: memref<?xi8>, %a_at: index, %b_at: index, %c_at: index) kernel {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %c40 = arith.constant 40 : index
  %c128 = arith.constant 128 : index
  %c512 = arith.constant 512 : index
  %one = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %a = memref.view %arena[%a_at][] : memref<?xi8> to memref<32x40xf32>
  %b = memref.view %arena[%b_at][] : memref<?xi8> to memref<40x48xf32>
  %c = memref.view %arena[%c_at][] : memref<?xi8> to memref<32x48xf32>
  %shared = gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
  %as = memref.view %shared[%c0][] : memref<?xi8, #gpu.address_space<workgroup>>
      to memref<16x8xf32, #gpu.address_space<workgroup>>
  %bs = memref.view %shared[%c512][] : memref<?xi8, #gpu.address_space<workgroup>>
      to memref<8x16xf32, #gpu.address_space<workgroup>>
  %block = gpu.block_id x
  %thread = gpu.thread_id x
  %block_row = arith.divui %block, %c3 : index
  %block_column = arith.remui %block, %c3 : index
  %row_begin = arith.muli %block_row, %c16 : index
  %column_begin = arith.muli %block_column, %c16 : index
  %row = arith.divui %thread, %c16 : index
  %column = arith.remui %thread, %c16 : index
  %row_of_all = arith.addi %row_begin, %row : index
  %column_of_all = arith.addi %column_begin, %column : index
  %fills_a = arith.cmpi ult, %thread, %c128 : index
  %result = scf.for %k = %c0 to %c40 step %c8 iter_args(%sum = %zero) -> f32 {
    scf.if %fills_a {
      %i = arith.divui %thread, %c8 : index
      %j = arith.remui %thread, %c8 : index
      %from_i = arith.addi %row_begin, %i : index
      %from_j = arith.addi %k, %j : index
      %v = memref.load %a[%from_i, %from_j] : memref<32x40xf32>
      memref.store %v, %as[%i, %j] : memref<16x8xf32, #gpu.address_space<workgroup>>
    } else {
      %other = arith.subi %thread, %c128 : index
      %i = arith.divui %other, %c16 : index
      %j = arith.remui %other, %c16 : index
      %from_i = arith.addi %k, %i : index
      %from_j = arith.addi %column_begin, %j : index
      %v = memref.load %b[%from_i, %from_j] : memref<40x48xf32>
      memref.store %v, %bs[%i, %j] : memref<8x16xf32, #gpu.address_space<workgroup>>
    }
    gpu.barrier
    %next = scf.for %i = %c0 to %c8 step %one iter_args(%s = %sum) -> f32 {
      %x = memref.load %as[%row, %i] : memref<16x8xf32, #gpu.address_space<workgroup>>
      %y = memref.load %bs[%i, %column] : memref<8x16xf32, #gpu.address_space<workgroup>>
      %product = arith.mulf %x, %y : f32
      %added = arith.addf %s, %product : f32
      scf.yield %added : f32
    }
    gpu.barrier
    scf.yield %next : f32
  }
  memref.store %result, %c[%row_of_all, %column_of_all] : memref<32x48xf32>
  gpu.return
}
"""


def product():
    a, b = random(1, 32, 40), random(2, 40, 48)
    expected = np.zeros((32, 48), np.float32)
    for k in range(40):
        expected += a[:, k : k + 1] * b[k : k + 1]
    check(PRODUCT, [Launch("product", 6, 256, 1024, ["a", "b", "c"])], {"c": expected},
          a=a, b=b, c=np.full((32, 48), 7, np.float32))


# Each block of 128 threads adds 128 elements: halves onto halves.
TREE = """
gpu.func @tree(%arena: memref<?xi8>, %x_at: index, %y_at: index) kernel {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %x = memref.view %arena[%x_at][] : memref<?xi8> to memref<512xf32>
  %y = memref.view %arena[%y_at][] : memref<?xi8> to memref<4xf32>
  %shared = gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
  %s = memref.view %shared[%c0][] : memref<?xi8, #gpu.address_space<workgroup>>
      to memref<128xf32, #gpu.address_space<workgroup>>
  %block = gpu.block_id x
  %thread = gpu.thread_id x
  %at = gpu.global_id x
  %first = memref.load %x[%at] : memref<512xf32>
  memref.store %first, %s[%thread] : memref<128xf32, #gpu.address_space<workgroup>>
  %last = scf.while (%half = %c64) : (index) -> index {
    %more = arith.cmpi ugt, %half, %c0 : index
    scf.condition(%more) %half : index
  } do {
  ^bb0(%half: index):
    gpu.barrier
    %adds = arith.cmpi ult, %thread, %half : index
    scf.if %adds {
      %other = arith.addi %thread, %half : index
      %u = memref.load %s[%thread] : memref<128xf32, #gpu.address_space<workgroup>>
      %v = memref.load %s[%other] : memref<128xf32, #gpu.address_space<workgroup>>
      %sum = arith.addf %u, %v : f32
      memref.store %sum, %s[%thread] : memref<128xf32, #gpu.address_space<workgroup>>
    }
    %next = arith.shrui %half, %one : index
    scf.yield %next : index
  }
  %writes = arith.cmpi eq, %thread, %c0 : index
  scf.if %writes {
    %sum = memref.load %s[%c0] : memref<128xf32, #gpu.address_space<workgroup>>
    memref.store %sum, %y[%block] : memref<4xf32>
  }
  gpu.return
}
"""


def tree():
    x = random(3, 512)
    sums = x.reshape(4, 128)
    while sums.shape[1] > 1:
        half = sums.shape[1] // 2
        sums = sums[:, :half] + sums[:, half:]
    check(TREE, [Launch("tree", 4, 128, 512, ["x", "y"])], {"y": sums[:, 0]}, x=x, y=np.zeros(4, np.float32))


# 64 threads; out[k, thread] is what shuffle k gives: xor 5, up 3, down 9, lane 17; then a lane's vector of two.
SHUFFLES = """
gpu.func @shuffles(%arena: memref<?xi8>, %x_at: index, %y_at: index, %z_at: index) kernel {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %width = arith.constant 32 : i32
  %five = arith.constant 5 : i32
  %three = arith.constant 3 : i32
  %nine = arith.constant 9 : i32
  %seventeen = arith.constant 17 : i32
  %x = memref.view %arena[%x_at][] : memref<?xi8> to memref<64xf32>
  %y = memref.view %arena[%y_at][] : memref<?xi8> to memref<4x64xf32>
  %z = memref.view %arena[%z_at][] : memref<?xi8> to memref<64x2xi64>
  %lane = gpu.lane_id
  %warp = gpu.subgroup_id : index
  %size = gpu.subgroup_size : index
  %begin = arith.muli %warp, %size : index
  %thread = arith.addi %begin, %lane : index
  %v = memref.load %x[%thread] : memref<64xf32>
  %a, %a_valid = gpu.shuffle xor %v, %five, %width : f32
  memref.store %a, %y[%c0, %thread] : memref<4x64xf32>
  %b, %b_valid = gpu.shuffle up %v, %three, %width : f32
  memref.store %b, %y[%c1, %thread] : memref<4x64xf32>
  %c, %c_valid = gpu.shuffle down %v, %nine, %width : f32
  memref.store %c, %y[%c2, %thread] : memref<4x64xf32>
  %d, %d_valid = gpu.shuffle idx %v, %seventeen, %width : f32
  memref.store %d, %y[%c3, %thread] : memref<4x64xf32>
  %number = arith.index_cast %thread : index to i64
  %valid = arith.extui %c_valid : i1 to i64
  %pair = vector.from_elements %number, %valid : vector<2xi64>
  %moved, %moved_valid = gpu.shuffle xor %pair, %five, %width : vector<2xi64>
  vector.store %moved, %z[%thread, %c0] : memref<64x2xi64>, vector<2xi64>
  gpu.return
}
"""


def shuffles():
    x, thread = random(4, 64), np.arange(64)
    lane, begin = thread % 32, thread // 32 * 32
    up = np.where(lane >= 3, thread - 3, thread)
    down = np.where(lane + 9 < 32, thread + 9, thread)
    y = np.stack([x[begin + (lane ^ 5)], x[up], x[down], x[begin + 17]])
    other = begin + (lane ^ 5)
    z = np.stack([other, other % 32 + 9 < 32], axis=1).astype(np.int64)
    check(SHUFFLES, [Launch("shuffles", 1, 64, 0, ["x", "y", "z"])], {"y": y, "z": z},
          x=x, y=np.zeros((4, 64), np.float32), z=np.zeros((64, 2), np.int64))


# Reversed rows of 64 elements, each copied while the one before is in use; of the last only 62 elements are there.
COPIES = """
gpu.func @copies(%arena: memref<?xi8>, %x_at: index, %y_at: index) kernel {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c7 = arith.constant 7 : index
  %c8 = arith.constant 8 : index
  %c15 = arith.constant 15 : index
  %c63 = arith.constant 63 : index
  %x = memref.view %arena[%x_at][] : memref<?xi8> to memref<8x64xf32>
  %y = memref.view %arena[%y_at][] : memref<?xi8> to memref<8x64xf32>
  %shared = gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
  %s = memref.view %shared[%c0][] : memref<?xi8, #gpu.address_space<workgroup>>
      to memref<2x64xf32, #gpu.address_space<workgroup>>
  %thread = gpu.thread_id x
  %column = arith.muli %thread, %c4 : index
  %first_copy = nvgpu.device_async_copy %x[%c0, %column], %s[%c0, %column], 4
      : memref<8x64xf32> to memref<2x64xf32, #gpu.address_space<workgroup>>
  %first = nvgpu.device_async_create_group %first_copy
  %end = scf.for %row = %c0 to %c8 step %c1 iter_args(%token = %first) -> !nvgpu.device.async.token {
    %next_row = arith.addi %row, %c1 : index
    %buffer = arith.remui %row, %c2 : index
    %next_buffer = arith.subi %c1, %buffer : index
    %from_row = arith.minui %next_row, %c7 : index
    %is_last_row = arith.cmpi eq, %from_row, %c7 : index
    %is_last_thread = arith.cmpi eq, %thread, %c15 : index
    %is_short = arith.andi %is_last_row, %is_last_thread : i1
    %count = arith.select %is_short, %c2, %c4 : index
    %copy = nvgpu.device_async_copy %x[%from_row, %column], %s[%next_buffer, %column], 4, %count
        : memref<8x64xf32> to memref<2x64xf32, #gpu.address_space<workgroup>>
    %next = nvgpu.device_async_create_group %copy
    nvgpu.device_async_wait %token {numGroups = 1 : i32}
    gpu.barrier
    scf.for %i = %c0 to %c4 step %c1 {
      %to = arith.addi %column, %i : index
      %from = arith.subi %c63, %to : index
      %v = memref.load %s[%buffer, %from] : memref<2x64xf32, #gpu.address_space<workgroup>>
      memref.store %v, %y[%row, %to] : memref<8x64xf32>
    }
    gpu.barrier
    scf.yield %next : !nvgpu.device.async.token
  }
  gpu.return
}
"""


def copies():
    x = random(5, 8, 64)
    there = x.copy()
    there[7, 62:] = 0
    check(COPIES, [Launch("copies", 1, 16, 512, ["x", "y"])], {"y": there[:, ::-1]},
          x=x, y=np.zeros((8, 64), np.float32))


def mma(a_type, depth, shape_a, shape_b, attributes):
    """A warp's product, whose fragments each lane loads element by element: group g = lane / 4 and t = lane % 4 have, of
    a, in register r the row g + 8 (r % 2) and, of b, the column g; the terms of register half h = r / 2 of a, or r of b,
    are t + 4 h where a register holds one, 2 t + 8 h and the next where it holds two."""
    per_register = shape_a[1]
    lines = []

    def constant(value):
        return f"%c{value}"

    def load(result, memref, of_type, row, column, shape):
        lines.append(f"%{result} = memref.load %{memref}[{row}, {column}] : memref<{shape}x{of_type}>")

    for name, registers in (("a", shape_a[0]), ("b", shape_b[0])):
        elements = []
        for register in range(registers):
            half = register // 2 if name == "a" else register
            for element in range(per_register):
                label = f"{name}{register}_{element}"
                offset = 4 * per_register * half + element
                lines.append(f"%{label}_k = arith.addi %k_begin, {constant(offset)} : index")
                if name == "a":
                    load(label, "a", a_type, "%row" if register % 2 == 0 else "%row_8", f"%{label}_k", f"16x{depth}")
                else:
                    load(label, "b", a_type, f"%{label}_k", "%row", f"{depth}x8")
                elements.append(f"%{label}")
        shape = shape_a if name == "a" else shape_b
        lines.append(f"%{name}s = vector.from_elements {', '.join(elements)} : vector<{shape[0]}x{shape[1]}x{a_type}>")
    for i in range(4):
        load(f"sum{i}", "c", "f32", "%row" if i < 2 else "%row_8", "%column" if i % 2 == 0 else "%column_1", "16x8")
    lines.append("%sums = vector.from_elements %sum0, %sum1, %sum2, %sum3 : vector<2x2xf32>")
    types = f"(vector<{shape_a[0]}x{shape_a[1]}x{a_type}>, vector<{shape_b[0]}x{shape_b[1]}x{a_type}>, vector<2x2xf32>)"
    lines.append(f"%d = nvgpu.mma.sync (%as, %bs, %sums) {{mmaShape = [16, 8, {depth}]{attributes}}}"
                 f" : {types} -> vector<2x2xf32>")
    for i in range(4):
        lines.append(f"%d{i} = vector.extract %d[{i // 2}, {i % 2}] : f32 from vector<2x2xf32>")
        row, column = "%row" if i < 2 else "%row_8", "%column" if i % 2 == 0 else "%column_1"
        lines.append(f"memref.store %d{i}, %c[{row}, {column}] : memref<16x8xf32>")
    constants = "\n".join(f"%c{i} = arith.constant {i} : index" for i in range(17))
    return f"""
gpu.func @mma(%arena: memref<?xi8>, %a_at: index, %b_at: index, %c_at: index) kernel {{
{constants}
%a = memref.view %arena[%a_at][] : memref<?xi8> to memref<16x{depth}x{a_type}>
%b = memref.view %arena[%b_at][] : memref<?xi8> to memref<{depth}x8x{a_type}>
%c = memref.view %arena[%c_at][] : memref<?xi8> to memref<16x8xf32>
%lane = gpu.lane_id
%row = arith.divui %lane, %c4 : index
%row_8 = arith.addi %row, %c8 : index
%pair = arith.remui %lane, %c4 : index
%column = arith.muli %pair, %c2 : index
%column_1 = arith.addi %column, %c1 : index
%k_begin = arith.muli %pair, {constant(per_register)} : index
{chr(10).join(lines)}
gpu.return
}}
"""


def products_of_warps():
    c = random(8, 16, 8)

    def expected(a, b):
        sums = c.copy()
        for k in range(a.shape[1]):
            sums += a[:, k : k + 1] * b[k : k + 1]
        return sums

    launch = [Launch("mma", 1, 32, 0, ["a", "b", "c"])]
    for depth in (4, 8):
        a, b = random(6, 16, depth), random(7, depth, 8)
        truncate = lambda x: (x.view(np.uint32) & np.uint32(0xFFFFE000)).view(np.float32)
        text = mma("f32", depth, (depth // 2, 1), (depth // 4, 1), ", tf32Enabled")
        check(text, launch, {"c": expected(truncate(a), truncate(b))}, a=a, b=b, c=c)
    for depth in (8, 16):
        a, b = (random(seed, *shape).view(np.uint32) >> 16 for seed, shape in ((9, (16, depth)), (10, (depth, 8))))
        widen = lambda x: (x << 16).view(np.float32)
        text = mma("bf16", depth, (depth // 4, 2), (depth // 8, 2), "")
        check(text, launch, {"c": expected(widen(a), widen(b))}, a=a.astype(np.uint16), b=b.astype(np.uint16), c=c)


# To bf16 and back, rounded to the nearest, of two to the even one.
ROUND = """
gpu.func @round(%arena: memref<?xi8>, %x_at: index, %y_at: index) kernel {
  %x = memref.view %arena[%x_at][] : memref<?xi8> to memref<128xf32>
  %y = memref.view %arena[%y_at][] : memref<?xi8> to memref<128xbf16>
  %thread = gpu.thread_id x
  %v = memref.load %x[%thread] : memref<128xf32>
  %w = arith.truncf %v : f32 to bf16
  memref.store %w, %y[%thread] : memref<128xbf16>
  %same = memref.load %y[%thread] : memref<128xbf16>
  %back = arith.extf %same : bf16 to f32
  memref.store %back, %x[%thread] : memref<128xf32>
  gpu.return
}
"""


def rounding():
    x = random(11, 128)
    x[:2] = np.array([0x3F808000, 0x3F818000], np.uint32).view(np.float32)
    bits = x.view(np.uint32)
    y = ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)
    check(ROUND, [Launch("round", 1, 128, 0, ["x", "y"])], {"x": (y.astype(np.uint32) << 16).view(np.float32), "y": y},
          x=x, y=np.zeros(128, np.uint16))


# Each of 5 blocks writes its number and adds all of them when all are there; constants lie in the module of kernels.
GRID = """
memref.global "private" constant @scales : memref<2xf32> = dense<[2.0, 3.0]>
gpu.func @grid(%arena: memref<?xi8>, %x_at: index, %y_at: index) kernel {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %scales = memref.get_global @scales : memref<2xf32>
  %x = memref.view %arena[%x_at][] : memref<?xi8> to memref<5xf32>
  %y = memref.view %arena[%y_at][] : memref<?xi8> to memref<5xf32>
  %block = gpu.block_id x
  %blocks = gpu.grid_dim x
  %thread = gpu.thread_id x
  %is_first = arith.cmpi eq, %thread, %c0 : index
  scf.for %round = %c0 to %c1 step %c1 {
    scf.if %is_first {
      %integer = arith.index_cast %block : index to i32
      %number = arith.sitofp %integer : i32 to f32
      memref.store %number, %x[%block] : memref<5xf32>
    }
    gpu.barrier {nn.grid}
    scf.if %is_first {
      %sum = scf.for %i = %c0 to %blocks step %c1 iter_args(%s = %zero) -> f32 {
        %v = memref.load %x[%i] : memref<5xf32>
        %next = arith.addf %s, %v : f32
        scf.yield %next : f32
      }
      %scale = memref.load %scales[%c1] : memref<2xf32>
      %result = arith.mulf %sum, %scale : f32
      memref.store %result, %y[%block] : memref<5xf32>
    }
  }
  gpu.return
}
"""


def grid():
    check(GRID, [Launch("grid", 5, 33, 0, ["x", "y"])], {"y": np.full(5, 30, np.float32)},
          x=np.zeros(5, np.float32), y=np.zeros(5, np.float32))


product()
tree()
shuffles()
copies()
products_of_warps()
rounding()
grid()
print("all kernels give numpy's bits")
