# libcairn, the library that programs link.  zstd and xxhash are inside and not to be
# seen: a program may have its own.  src/session/exports.map says what is exported.
add_library(cairn SHARED $<TARGET_OBJECTS:cairn_session> $<TARGET_OBJECTS:cairn_capi>)
add_library(cairn::cairn ALIAS cairn)
target_link_libraries(cairn PRIVATE cairn_os cairn_format cairn_base)
target_include_directories(cairn INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                           $<INSTALL_INTERFACE:include>)
# Installed, only C++ projects are asked for it: cairn-config.cmake.in.
target_compile_features(cairn INTERFACE $<BUILD_INTERFACE:cxx_std_20>)
target_link_options(cairn PRIVATE LINKER:--version-script=${PROJECT_SOURCE_DIR}/src/session/exports.map)
set_target_properties(cairn PROPERTIES LINKER_LANGUAGE CXX SOVERSION 0 VERSION ${PROJECT_VERSION}
                      LINK_DEPENDS ${PROJECT_SOURCE_DIR}/src/session/exports.map)
