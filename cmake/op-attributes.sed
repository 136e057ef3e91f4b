# mlir-tblgen names the C++ type of an op's attribute, of which who writes a model file knows nothing, and folds its
# description, which is its default, away as Hugo wants it.
s/<th>MLIR Type<\/th>//
s/<\/code><\/td><td>::mlir::[A-Za-z]*<\/td>/<\/code><\/td>/
s/<details><summary>\(.*\)<\/summary>{{% markdown %}}\(.*\){{% \/markdown %}}<\/details>/\1; \2/
s/<td>unit attribute<\/td>/<td>a flag: on where it is written<\/td>/
