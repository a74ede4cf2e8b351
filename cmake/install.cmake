# cmake --install BUILD --prefix PREFIX
#   lib/        libcairn.so.0, cairn.pc, the CMake package: find_package(cairn) -> cairn::cairn
#   include/    cairn/*.h
#   share/      cairn/python/cairn, for PYTHONPATH, or to be sent along with a job
#   share/      systemd/user/cairn-engine.service, which names bin/cairn where it was installed
#   bin/        cairn
# The component `library` is all but the last two.  What is installed can be moved as a whole.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/cairn)

install(TARGETS cairn EXPORT cairn COMPONENT library LIBRARY
        DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT library)
install(DIRECTORY include/cairn DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library)
install(DIRECTORY python/cairn DESTINATION ${CMAKE_INSTALL_DATADIR}/cairn/python COMPONENT library
        FILES_MATCHING PATTERN "*.py" PATTERN "__pycache__" EXCLUDE)

install(EXPORT cairn NAMESPACE cairn:: FILE cairn-targets.cmake DESTINATION ${package_dir}
        COMPONENT library)
configure_package_config_file(cmake/cairn-config.cmake.in ${PROJECT_BINARY_DIR}/cairn-config.cmake
                              INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cairn-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cairn-config.cmake
              ${PROJECT_BINARY_DIR}/cairn-config-version.cmake
        DESTINATION ${package_dir} COMPONENT library)

string(REGEX REPLACE "[^/]+" ".." pc_prefix ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
configure_file(cmake/cairn.pc.in ${PROJECT_BINARY_DIR}/cairn.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cairn.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
        COMPONENT library)

# By now the prefix is known.
set(engine_unit ${CMAKE_INSTALL_DATADIR}/systemd/user/cairn-engine.service)
install(CODE "
  set(cairn \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/cairn\")
  configure_file(\"${PROJECT_SOURCE_DIR}/cmake/cairn-engine.service.in\"
                 \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${engine_unit}\" @ONLY)
  message(STATUS \"Installing: \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${engine_unit}\")")
