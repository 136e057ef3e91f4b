# Of a dialect that keeps attributes as such, mlir-tblgen 22.1 writes a quote too many into what checks the sizes of
# operand segments.
s/"'operandSegmentSizes' attribute/'operandSegmentSizes' attribute/
