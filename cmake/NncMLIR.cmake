# Finds MLIR 22 as Debian packages it and defines how our libraries are built:
#   nnc_tablegen(<target> <td> <output> <mlir-tblgen args>...)   one generated file
#   nnc_library(<name> SOURCES ... [DEPENDS tablegen targets] [LINK libs])   a static library with the shared PCH
#
# MLIR and LLVM are linked statically: what start-up runs of the shared libraries lies all over them, which costs each
# process 40 MB and 50 ms. The packages' targets name the shared libraries, which beside these would register command line
# options twice; so archives are linked as files.
find_package(MLIR 22.1 REQUIRED CONFIG)
find_package(LLD REQUIRED CONFIG HINTS "${LLVM_DIR}/../lld")
message(STATUS "MLIR ${MLIR_VERSION} in ${MLIR_DIR}")

set(NNC_LLVM_BIN ${LLVM_TOOLS_BINARY_DIR})
set(NNC_MLIR_TBLGEN ${NNC_LLVM_BIN}/mlir-tblgen)

option(NNC_SANITIZE "Build with ASan and UBSan" OFF)

add_library(nnc_mlir_flags INTERFACE)
target_include_directories(nnc_mlir_flags SYSTEM INTERFACE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
get_property(mlir_archives GLOBAL PROPERTY MLIR_ALL_LIBS)
# lld, the library, has LTO in it, which wants Polly.
set(archives ${mlir_archives} ${LLVM_AVAILABLE_LIBS} lldELF lldCommon)
foreach(library IN LISTS archives)
  if(TARGET ${library})
    get_target_property(type ${library} TYPE)
    if(type STREQUAL "STATIC_LIBRARY")
      target_link_libraries(nnc_mlir_flags INTERFACE $<TARGET_FILE:${library}>)
    endif()
  endif()
endforeach()
target_link_libraries(nnc_mlir_flags INTERFACE
  ${LLVM_LIBRARY_DIR}/libPolly.a ${LLVM_LIBRARY_DIR}/libPollyISL.a z zstd tinfo xml2)
target_link_options(nnc_mlir_flags INTERFACE -Wl,--gc-sections -Wl,-z,keep-text-section-prefix)

add_compile_options(-Wall -Wextra -Wno-unused-parameter -fvisibility-inlines-hidden)
if(NNC_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr -fno-omit-frame-pointer)
  # Their shared library: emulated programs, which have our runtime in them, are loaded by a Python that has loaded it.
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libclang_rt.asan-${CMAKE_SYSTEM_PROCESSOR}.so
                  OUTPUT_VARIABLE NNC_SANITIZERS OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  cmake_path(GET NNC_SANITIZERS PARENT_PATH sanitizers_folder)
  add_link_options(-fsanitize=address,undefined -fno-sanitize=vptr -shared-libsan -Wl,-rpath,${sanitizers_folder})
endif()
# Debian's clang 22 and its lld belong together.
add_link_options(-fuse-ld=lld)

# The precompiled header that every MLIR-facing library reuses.
file(WRITE ${PROJECT_BINARY_DIR}/nnc_pch.cpp "")
add_library(nnc_pch OBJECT ${PROJECT_BINARY_DIR}/nnc_pch.cpp)
target_link_libraries(nnc_pch PUBLIC nnc_mlir_flags)
target_precompile_headers(nnc_pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/pch.h)

function(nnc_tablegen target td output)
  set(td_path ${CMAKE_CURRENT_SOURCE_DIR}/${td})
  set(out_path ${CMAKE_CURRENT_BINARY_DIR}/${output})
  set(repair "")
  if("-gen-op-defs" IN_LIST ARGN)
    set(repair COMMAND sed -i -f ${PROJECT_SOURCE_DIR}/cmake/operand-segments.sed ${out_path})
  elseif("-gen-dialect-doc" IN_LIST ARGN)
    set(repair COMMAND sed -i -f ${PROJECT_SOURCE_DIR}/cmake/op-attributes.sed ${out_path})
  elseif("-gen-attrdef-doc" IN_LIST ARGN)
    set(repair COMMAND sed -i -f ${PROJECT_SOURCE_DIR}/cmake/attribute-types.sed ${out_path})
  endif()
  add_custom_command(
    OUTPUT ${out_path}
    COMMAND ${NNC_MLIR_TBLGEN} ${ARGN} -I ${PROJECT_SOURCE_DIR} -I ${MLIR_INCLUDE_DIRS} ${td_path} -o ${out_path}
            --write-if-changed -d ${out_path}.d
    ${repair}
    DEPFILE ${out_path}.d
    DEPENDS ${td_path} ${NNC_MLIR_TBLGEN}
    COMMENT "tablegen ${output}")
  set_property(TARGET ${target} APPEND PROPERTY NNC_GENERATED ${out_path})
  set_property(GLOBAL APPEND PROPERTY NNC_GENERATED_${target} ${out_path})
endfunction()

function(nnc_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC nnc_mlir_flags ${ARG_LINK})
  target_precompile_headers(${name} REUSE_FROM nnc_pch)
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()
